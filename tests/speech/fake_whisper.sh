#!/bin/sh
# Stands for whisper-cli: it takes the same arguments, reads a WAV file from its standard input, and writes the JSON of
# --output-json-full to /dev/stdout. What it hears is how many bytes it was given. The name of the model says how it
# misbehaves.
while [ $# -gt 0 ]; do
  case $1 in -m) model=$2 ;; esac
  shift
done
case $model in
  *hangs*) exec tail -f "$model" ;;
  *dies*) cat >/dev/null; kill -KILL $$ ;;
  *stumbles*)
    # Only the first time.
    if [ ! -e "$model.stumbled" ]; then
      head -c 100 >/dev/null
      touch "$model.stumbled"
      kill -KILL $$
    fi ;;
  *broken*) echo "error: failed to initialize whisper context" >&2; exit 3 ;;
  *fails*) echo "error: failed to read audio" >&2; exit 10 ;;
  *babbles*) cat >/dev/null; echo "hello" >/dev/stdout; exit 0 ;;
  *floods*) cat >/dev/null; exec yes ;;
esac
bytes=$(wc -c)
cat >/dev/stdout <<JSON
{
  "result": { "language": "en" },
  "transcription": [
    { "offsets": { "from": 0, "to": 500 }, "text": " I heard $bytes bytes.",
      "tokens": [
        { "text": "[_BEG_]", "offsets": { "from": 0, "to": 0 }, "id": 50363, "p": 0.99 },
        { "text": " I", "offsets": { "from": 0, "to": 100 }, "id": 1, "p": 0.9 },
        { "text": " he", "offsets": { "from": 100, "to": 150 }, "id": 2, "p": 0.8 },
        { "text": "ard", "offsets": { "from": 150, "to": 200 }, "id": 3, "p": 0.6 },
        { "text": " $bytes", "offsets": { "from": 200, "to": 300 }, "id": 4, "p": 0.5 },
        { "text": " bytes", "offsets": { "from": 300, "to": 400 }, "id": 5, "p": 1 },
        { "text": ".", "offsets": { "from": 400, "to": 500 }, "id": 6, "p": 0.2 }
      ] },
    { "offsets": { "from": 500, "to": 900 }, "text": " [BLANK_AUDIO]", "tokens": [] }
  ]
}
JSON
