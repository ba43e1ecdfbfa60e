#!/bin/sh
# Stands for pocketsphinx_continuous where a test is not about what it understands: it reads its input by path, and
# prints what it "heard", with times, in the form of -time yes.
while [ $# -gt 0 ]; do
  case $1 in -infile) input=$2 ;; esac
  shift
done
bytes=$(wc -c <"$input")
[ "$bytes" -eq 0 ] && exit 0
echo "heard $bytes"
echo "<s> 0.000 0.170 1.000400"
echo "heard(2) 0.180 0.600 0.969569"
echo "$bytes 0.610 0.730 1.000100"
echo "</s> 0.740 0.800 1.000000"
