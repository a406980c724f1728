#!/bin/sh
# @devops: the plan of the deployment, what it runs on, and its pipeline. $1 is where it goes to.
set -eu
target=${1:?say where it is deployed to}
mkdir -p deploy
cat > deploy/DEPLOY.md <<END
# Deployment to $target

## Steps

1. Install the wheel of this commit beside the one that runs.
2. Build the segments of last month with both, and compare the sums.
3. Point the schedule at the new one.

## Rollback

Point the schedule back: the wheel before stays installed for a month.
END
cat > deploy/infrastructure.yaml <<END
target: $target
memory: 4 GB
schedule: "0 5 1 * *"
END
cat > deploy/pipeline.yaml <<END
stages: [test, build, compare, switch]
on: main
END
