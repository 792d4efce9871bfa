// SPDX-License-Identifier: LGPL-2.1-or-later

// Prints the text of speech, without GStreamer. Build it with
//     gcc -std=c11 samples_to_text.c $(pkg-config --cflags --libs npuwhisper)
// usage: samples_to_text MODEL <SAMPLES   (16-bit samples of this machine's byte order, 16 kHz,
// mono)

#include <npuwhisper/c_api.h>

#include <stdio.h>

// Prints an error, if there is one, and frees it. Returns whether there was none.
static bool succeeded(npuwhisper_error* error) {
  if (error == NULL) return true;
  fprintf(stderr, "samples_to_text: %s\n", npuwhisper_error_message(error, NULL));
  npuwhisper_error_free(error);
  return false;
}

static void print(npuwhisper_segments* segments) {
  for (size_t i = 0; i < npuwhisper_segments_count(segments); ++i) {
    printf("%s\n", npuwhisper_segment_text(npuwhisper_segments_at(segments, i), NULL));
  }
  npuwhisper_segments_free(segments);
}

static bool transcribe(npuwhisper_transcriber* transcriber) {
  static int16_t second[16000];  // A buffer of any length works.
  npuwhisper_segments* segments = NULL;
  for (size_t n; (n = fread(second, sizeof *second, 16000, stdin)) > 0;) {
    if (!succeeded(npuwhisper_transcriber_push_s16(transcriber, second, n, &segments))) {
      return false;
    }
    print(segments);
  }
  if (!succeeded(npuwhisper_transcriber_drain(transcriber, &segments))) return false;
  print(segments);
  return true;
}

int main(int argc, char** argv) {
  npuwhisper_options* options = npuwhisper_options_new();
  npuwhisper_engine* engine = NULL;
  npuwhisper_transcriber* transcriber = NULL;
  const bool done =
      succeeded(npuwhisper_options_set(options, "model", argc > 1 ? argv[1] : "base")) &&
      succeeded(npuwhisper_options_set(options, "language", "en")) &&
      succeeded(npuwhisper_engine_open(options, &engine)) &&
      succeeded(npuwhisper_transcriber_new(engine, options, &transcriber)) &&
      transcribe(transcriber);
  npuwhisper_transcriber_free(transcriber);
  npuwhisper_engine_free(engine);
  npuwhisper_options_free(options);
  return done ? 0 : 1;
}
