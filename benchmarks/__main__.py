"""`make bench`: every benchmark."""

from benchmarks.overhead import main

main()
