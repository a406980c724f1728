#!/usr/bin/env bash
# Checks a run of Phasegate without Phasegate: who signed what, that each thing rests on the one before, every file's sha256, the gates' words.
#   verify-run.sh FOLDER [KEYID]
#
# FOLDER is a run's folder in the evidence store, or what `phasegate export` wrote; nothing outside it is read. KEYID is the sha256 of Phasegate's public
# key in DER, as it was told to you by another way. Needs bash, jq 1.6, openssl 3 and GNU coreutils. Exits 0 if all is good, 1 if anything is bad, 2 if
# it cannot be tried. It does not judge the evidence again: `phasegate verify` does.
set -uo pipefail
export LC_ALL=C
for tool in jq openssl base64 sha256sum; do command -v "$tool" >/dev/null || { echo "verify-run.sh: install $tool" >&2; exit 2; }; done
cd "${1:?usage: verify-run.sh FOLDER [KEYID]}" || exit 2
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT || exit 2
faults=0 short=0 # how much is bad, and how much of it is only that the run did not pass
say() { local line="$*"; printf '%s\n' "${line//[^[:print:]]/?}"; } # what is quoted must not speak to the terminal
bad() { say "BAD   $*"; faults=$((faults + 1)); }
judge() { if [ -s "$2" ]; then while IFS= read -r line; do bad "$line"; done <"$2"; else say "good  $1"; fi; } # good if the file is empty
open() { # an envelope (DSSE) and no more, nothing of it twice: what it says, its signature, whose key that names, and the bytes that it is of
  { IFS= read -r payload && IFS= read -r signature && IFS= read -r named; } < <(jq -rn --stream '[inputs | select(length == 2)] | sort
    | select(map(.[0]) == [["payload"], ["payloadType"], ["signatures", 0, "keyid"], ["signatures", 0, "sig"]]) | map(.[1])
    | select(.[1] == "application/vnd.in-toto+json" and (.[2] | length) == 64) | .[0, 3, 2]' "$1") && [ "$(wc -l <"$1")" -eq 1 ] &&
    base64 -d <<<"$payload" >"$tmp/payload" && base64 -d <<<"$signature" >"$tmp/sig" &&
    [ "$(base64 -w 0 "$tmp/payload") $(base64 -w 0 "$tmp/sig")" = "$payload $signature" ] && # as it is written: no second spelling
    { printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(wc -c <"$tmp/payload")" && cat "$tmp/payload"; } >"$tmp/signed"
} 2>/dev/null
signed_by() { # whether this key of the charter made the signature, which names it
  grep -qxF "$named $1" "$tmp/keys" && jq -ej --argjson who "$1" '.predicate.keys[$who]' "$tmp/charter" >"$tmp/key" &&
    openssl pkeyutl -verify -rawin -pubin -inkey "$tmp/key" -sigfile "$tmp/sig" -in "$tmp/signed"
} >/dev/null 2>&1

# 1. Every envelope as a file, the charter first, the others in the order in which they were written. Its digest is that of the file.
find . ! -type f ! -type d >"$tmp/odd"
if [ -f bundle.intoto.jsonl ]; then
  find . -type f -print0 | tr '\n\0' '?\n' | grep -vxE '\./(bundle\.intoto\.jsonl|plan\.json|blobs/([0-9a-f]{2})/\2[0-9a-f]{62})' >>"$tmp/odd"
  split -d -a 6 -l 1 bundle.intoto.jsonl "$tmp/envelope."
  find "$tmp" -name 'envelope.*' -print0 | sort -z >"$tmp/files"
else
  charter=$(find charters ! -name '.*' -type f 2>/dev/null | sort -V | tail -n 1)
  printf '%s\0' "${charter:-none}" >"$tmp/files"
  [ -z "$charter" ] || for kind in statements fixes triages decisions waivers verdicts ledger completions; do
    find "$(sha256sum <"$charter" | cut -c 1-16)/$kind" ! -name '.*' -type f -print0 2>/dev/null | sort -zV >>"$tmp/files"
  done
fi
judge "no links, pipes, devices or files of others" "$tmp/odd"
xargs -0 sha256sum <"$tmp/files" 2>/dev/null | cut -c 1-64 >"$tmp/digests"

# 2. The charter is signed by Phasegate's key, and tells the keys and the plan; all else is signed by one of these keys, and is of this charter.
IFS= read -r -d '' first <"$tmp/files"
open "$first" || { bad "the charter: there is none, or it is no envelope"; exit 1; }
cp "$tmp/payload" "$tmp/charter" && charter=$(head -n 1 "$tmp/digests") plan=$(jq -r '.predicate.plan | select(test("^[0-9a-f]{64}$"))' "$tmp/charter") count=0
while IFS= read -r who && IFS= read -r pem; do # one key can be written in several ways, and has one id
  printf '%s %s\n' "$(jq -j . <<<"$pem" | openssl pkey -pubin -outform DER 2>/dev/null | sha256sum | cut -c 1-64)" "$who"
done < <(jq -c '.predicate.keys | to_entries[] | .key, .value' "$tmp/charter") >"$tmp/keys"
signed_by '"phasegate"' && say "good  the charter of $(jq -r '.predicate | "\(.workflow), run \(.runId), mission: \(.mission)"' "$tmp/charter")" || bad "the charter: its signature does not fit"
keyid=$(grep -F ' "phasegate"' "$tmp/keys" | cut -c 1-64)
[ "$#" -gt 1 ] && [ "$2" != "$keyid" ] && bad "the charter is signed by key $keyid, not by $2" || say "key   $keyid"
sort "$tmp/keys" | uniq -w 64 -D | sed -E 's/^.{64} (.*)$/the key of \1 is that of another too/' >"$tmp/shared"; judge "every persona has a key of its own" "$tmp/shared"
for file in charters/*; do [ ! -e "$file" ] || jq -r '.payload | @base64d | fromjson | .predicate.previous // ""' "$file" || echo "$charter"; done >"$tmp/previous" 2>/dev/null
grep -qxF "$charter" "$tmp/previous" && bad "the charter: one beside it came after it, or is none"
[ ! -e plan.json ] || [ "$(sha256sum <plan.json | cut -c 1-64)" = "$plan" ] || bad "plan.json: not the plan that the charter froze"
while IFS= read -r -d '' file && IFS= read -r digest <&3; do
  count=$((count + 1)) who=nobody ours=false name="${file#"$tmp"/}"
  [ "$count" -gt 1 ] || { jq -c --arg digest "$digest" '. + {$digest}' "$tmp/charter" >"$tmp/all"; continue; }
  open "$file" && { IFS= read -r ours && IFS= read -r who && IFS= read -r name && cat >>"$tmp/all"; } < <(
    jq -rc --arg digest "$digest" --arg charter "$charter" --arg plan "$plan" '(.predicate.binding // .predicate.phasegate.binding) as $bound
      | $bound.charter == $charter and $bound.plan == $plan, # each on a line of its own, as JSON: nothing in it can end the line
        (if .predicateType == "urn:phasegate:predicate:task:v1" then .predicate.persona else "phasegate" end | @json),
        ("\($bound.phase) \($bound.task), attempt \($bound.attempt)" | @json), . + {$digest}' "$tmp/payload" 2>/dev/null)
  if ! signed_by "$who"; then bad "$name: the signature of $who does not fit"; elif [ "$ours" != true ]; then bad "$name: of another charter or plan"; fi
done <"$tmp/files" 3<"$tmp/digests"
say "      $count envelopes were opened"

# 3. What a statement, a verdict or the last word rests on is here.
jq -r '.predicate | (select(.binding?) | .previous?), .binding?.previousVerdict, .phasegate?.binding.previousVerdict, .phasegate?.previous, .phasegate?.waived[]?.waiver, .inputAttestations[]?.digest.sha256, .verdicts[]?, .ledger? | strings' \
  "$tmp/all" | sort -u | comm -23 - <(sort -u "$tmp/digests") | sed 's/$/: something rests on it, and it is not here/' >"$tmp/gone"; sort "$tmp/digests" | uniq -d | sed 's/$/: it is here twice/' >>"$tmp/gone"
judge "the chain: charter, statements, verdicts, last word" "$tmp/gone"

# 4. Every file that is named is here, and is what was hashed.
jq -r '.predicate | .plan?, .evidence[]?.digest, .checks[]?.log, .log?, .sealed?.bundle, .product?, .kept?.memory, .kept?.sealed.bundle | strings' "$tmp/all" | sort -u >"$tmp/named"
grep -xE '[0-9a-f]{64}' "$tmp/named" | sed -E 's|^(..)(.*)$|\1\2  blobs/\1/\1\2|' | sha256sum --check --quiet 2>/dev/null >"$tmp/altered"
grep -vxE '[0-9a-f]{64}' "$tmp/named" | sed 's/$/: no digest/' >>"$tmp/altered"
judge "$(wc -l <"$tmp/named") files are what was hashed" "$tmp/altered"

# 5. Every phase of the plan ended with a verdict that lets it pass, and the last word is about these verdicts.
jq -rs --slurpfile plan "blobs/${plan:0:2}/$plan" '. as $all | $plan[0].contract.phases[].id as $phase
  | [$all[] | select(.predicate.phasegate?.binding.phase == $phase)] | last | .predicate as $said | $said.phasegate.word as $word
  | (($word == "PASSED" or $word == "PASSED_WITH_WAIVER") and $said.verificationResult == "PASSED" and $said.phasegate.findings == []) as $passed
  | "\(if $passed then "good " else "BAD  " end) phase \($phase | @json): \($word // "no verdict"), assurance \($said.phasegate.assurance // "none")", "\(.digest)"' \
  "$tmp/all" >"$tmp/words" 2>/dev/null || bad "the plan or a verdict cannot be read"
{ grep -q '": PASSED_WITH_WAIVER, assurance' "$tmp/words" && echo PASSED_WITH_WAIVER || echo PASSED; } >"$tmp/newest"
while IFS= read -r line && IFS= read -r digest; do
  case $line in good*) say "$line" ;; *) bad "${line#BAD   }" && short=$((short + 1)) ;; esac
  printf '%s\n' "$digest" >>"$tmp/newest"
done <"$tmp/words"
jq -rs '[.[] | select(.predicateType == "urn:phasegate:predicate:completion:v1")] | last | .predicate // empty | .word, .verdicts[]?' "$tmp/all" >"$tmp/completed" 2>/dev/null
[ -s "$tmp/completed" ] || short=$((short + (short > 0))) # a run that did not pass has no last word
[ -s "$tmp/completed" ] && cmp -s "$tmp/completed" "$tmp/newest" && say "good  the last word is about these verdicts" || bad "the last word: there is none, or it says another word, or is about other verdicts"
if [ "$faults" -eq 0 ]; then say "GOOD: everything fits together"
elif [ "$faults" -eq "$short" ]; then say "BAD: the run has not passed; all that is here fits together"
else say "BAD: $faults things do not fit"; fi
[ "$faults" -eq 0 ]
