#!/bin/sh
# Stands for pocketsphinx_continuous where a test is not about what it understands: it reads its input by path, and
# prints what it "heard", with times, in the form of -time yes. Of long audio it hears "lights", of short audio "time".
# Files beside it make it another: NAME.real is run in its place; with NAME.hangs it never answers; with NAME.dies it
# is killed when it has read its input.
[ -e "$0.real" ] && exec "$0.real" "$@"
[ -e "$0.hangs" ] && exec tail -f "$0.hangs"
while [ $# -gt 0 ]; do
  case $1 in -infile) input=$2 ;; esac
  shift
done
bytes=$(wc -c <"$input")
[ -e "$0.dies" ] && kill -KILL $$
[ "$bytes" -eq 0 ] && exit 0
word=time
[ "$bytes" -gt 70000 ] && word=lights
echo "$word $bytes"
echo "<s> 0.000 0.170 1.000400"
echo "$word(2) 0.180 0.600 0.969569"
echo "$bytes 0.610 0.730 1.000100"
echo "</s> 0.740 0.800 1.000000"
