// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests the C interface from a program in C11 that is linked only to libnpuwhisper.
// NPUWHISPER_TEST_MODEL names the folder of a tiny model, which writes random text.
#include <npuwhisper/c_api.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kSecond = 16000, kSamples = 5 * kSecond };

static int n_failures = 0;

static void check(bool is_true, const char* what, int line) {
  if (is_true) return;
  fprintf(stderr, "line %d: expected %s\n", line, what);
  ++n_failures;
}
#define CHECK(condition) check((condition), #condition, __LINE__)

// Reports an error that was not expected. Returns whether there was none.
static bool succeeded(npuwhisper_error* error, int line) {
  if (error == NULL) return true;
  fprintf(stderr, "line %d: found the error '%s'\n", line, npuwhisper_error_message(error, NULL));
  ++n_failures;
  npuwhisper_error_free(error);
  return false;
}
#define CHECK_OK(call) succeeded((call), __LINE__)

// Checks that there is an error with this code, and frees it.
static void failed(npuwhisper_error* error, int32_t code, int line) {
  size_t length = 0;
  const char* message = npuwhisper_error_message(error, &length);
  check(error != NULL, "an error", line);
  check(npuwhisper_error_code(error) == code, message, line);
  check(length > 0 && strlen(message) == length, "a message", line);
  npuwhisper_error_free(error);
}
#define CHECK_FAILS(call, code) failed((call), (code), __LINE__)

// The text and the number of the segments of a stream.
struct transcript {
  char text[4096];
  size_t n_segments;
  size_t n_wanted;  // The callback stops after this number of segments. 0: it does not stop.
  int64_t end;
};

static void add_words(const npuwhisper_segment* segment) {
  const npuwhisper_words* words = npuwhisper_segment_words(segment);
  int64_t end = npuwhisper_segment_start(segment);
  for (size_t i = 0; i < npuwhisper_words_count(words); ++i) {
    const npuwhisper_word* word = npuwhisper_words_at(words, i);
    size_t length = 0;
    const char* text = npuwhisper_word_text(word, &length);
    CHECK(length > 0 && strstr(npuwhisper_segment_text(segment, NULL), text) != NULL);
    CHECK(npuwhisper_word_start(word) >= end);
    CHECK(npuwhisper_word_end(word) >= npuwhisper_word_start(word));
    CHECK(npuwhisper_word_probability(word) >= 0 && npuwhisper_word_probability(word) <= 1);
    end = npuwhisper_word_end(word);
  }
  CHECK(npuwhisper_words_count(words) > 0);
  CHECK(npuwhisper_words_at(words, npuwhisper_words_count(words)) == NULL);
}

static bool add_segment(const npuwhisper_segment* segment, void* user_data) {
  struct transcript* transcript = user_data;
  size_t length = 0;
  const char* text = npuwhisper_segment_text(segment, &length);
  CHECK(strlen(text) == length && strlen(transcript->text) + length < sizeof transcript->text);
  strncat(transcript->text, text, sizeof transcript->text - strlen(transcript->text) - 1);
  CHECK(npuwhisper_segment_start(segment) >= transcript->end);
  CHECK(npuwhisper_segment_end(segment) >= npuwhisper_segment_start(segment));
  CHECK(strcmp(npuwhisper_segment_language(segment, NULL), "en") == 0);
  CHECK(npuwhisper_segment_average_log_probability(segment) < 0);
  CHECK(npuwhisper_segment_no_speech_probability(segment) > 0);
  CHECK(npuwhisper_segment_compression_ratio(segment) > 0);
  CHECK(npuwhisper_segment_temperature(segment) == 0);
  add_words(segment);
  transcript->end = npuwhisper_segment_end(segment);
  return ++transcript->n_segments != transcript->n_wanted;
}

static void add_segments(npuwhisper_segments* segments, struct transcript* transcript) {
  for (size_t i = 0; i < npuwhisper_segments_count(segments); ++i) {
    add_segment(npuwhisper_segments_at(segments, i), transcript);
  }
  CHECK(npuwhisper_segments_at(segments, npuwhisper_segments_count(segments)) == NULL);
  npuwhisper_segments_free(segments);
}

// Returns noise, the same in each run, of at most half the amplitude.
static const int16_t* noise(void) {
  static int16_t samples[kSamples];
  uint32_t state = 1;
  for (int i = 0; i < kSamples; ++i) {
    state = state * 1664525U + 1013904223U;
    samples[i] = (int16_t)((int32_t)(state >> 17) - 16384);
  }
  return samples;
}

static const float* float_noise(void) {
  static float samples[kSamples];
  const int16_t* integers = noise();
  for (int i = 0; i < kSamples; ++i) samples[i] = (float)integers[i] / 32768.0F;
  return samples;
}

// Returns options with which even a random model writes text.
static npuwhisper_options* new_options(void) {
  static const char* const values[][2] = {
      {"model", NULL},
      {"precision", "f32"},
      {"language", "en"},
      {"vad", "off"},
      {"word-times", "true"},
      {"temperatures", "0"},
      {"no-speech-threshold", "inf"},
      {"log-prob-threshold", "-inf"},
      {"compression-ratio-threshold", "inf"},
  };
  npuwhisper_options* options = npuwhisper_options_new();
  for (size_t i = 0; i < sizeof values / sizeof *values; ++i) {
    const char* value = values[i][1] != NULL ? values[i][1] : getenv("NPUWHISPER_TEST_MODEL");
    CHECK_OK(npuwhisper_options_set(options, values[i][0], value));
  }
  return options;
}

static void test_version(void) {
  CHECK(strcmp(npuwhisper_version(), NPUWHISPER_VERSION) == 0);
}

static void test_option_names(void) {
  size_t n = 0;
  bool has_model = false;
  for (; npuwhisper_option_name(n) != NULL; ++n) {
    has_model = has_model || strcmp(npuwhisper_option_name(n), "model") == 0;
  }
  CHECK(has_model);
  CHECK(n > 10);
  CHECK(npuwhisper_option_name((size_t)-1) == NULL);
}

static void test_wrong_options(void) {
  npuwhisper_options* options = new_options();
  CHECK_FAILS(npuwhisper_options_set(options, "beam", "5"), NPUWHISPER_INVALID_ARGUMENT);
  CHECK_FAILS(npuwhisper_options_set(options, "beam-size", "five"), NPUWHISPER_INVALID_ARGUMENT);
  npuwhisper_options_free(options);
}

static void test_model_that_is_missing(void) {
  char* path = NULL;
  CHECK_FAILS(npuwhisper_find_model("/nowhere", &path, NULL), NPUWHISPER_NOT_FOUND);
  CHECK(path == NULL);
  npuwhisper_options* options = new_options();
  CHECK_OK(npuwhisper_options_set(options, "model", "/nowhere"));
  npuwhisper_engine* engine = NULL;
  CHECK_FAILS(npuwhisper_engine_open(options, &engine), NPUWHISPER_NOT_FOUND);
  CHECK(engine == NULL);
  npuwhisper_options_free(options);
}

static void test_model_that_is_found(void) {
  const char* model = getenv("NPUWHISPER_TEST_MODEL");
  char* path = NULL;
  size_t length = 0;
  if (CHECK_OK(npuwhisper_find_model(model, &path, &length))) {
    CHECK(strcmp(path, model) == 0 && strlen(path) == length);
  }
  npuwhisper_string_free(path);
  npuwhisper_options* options = new_options();
  uint64_t bytes = 0;
  CHECK_OK(npuwhisper_memory_needed(options, &bytes));
  CHECK(bytes > 1000000);
  npuwhisper_options_free(options);
}

static void test_engine(const npuwhisper_engine* engine) {
  CHECK(strcmp(npuwhisper_engine_device_kind(engine), "cpu") == 0);
  CHECK(strlen(npuwhisper_engine_device_name(engine, NULL)) > 0);
  CHECK(strcmp(npuwhisper_engine_model_path(engine, NULL), getenv("NPUWHISPER_TEST_MODEL")) == 0);
  CHECK(npuwhisper_engine_has_language(engine, "de"));
  CHECK(!npuwhisper_engine_has_language(engine, "xx"));
}

static void push_all(npuwhisper_transcriber* transcriber, struct transcript* transcript) {
  npuwhisper_segments* segments = NULL;
  for (int i = 0; i < kSamples; i += kSecond) {
    if (!CHECK_OK(npuwhisper_transcriber_push_s16(transcriber, noise() + i, kSecond, &segments))) {
      return;
    }
    add_segments(segments, transcript);
  }
  if (CHECK_OK(npuwhisper_transcriber_settle(transcriber, &segments))) {
    CHECK(npuwhisper_segments_count(segments) == 0);
    npuwhisper_segments_free(segments);
  }
  if (CHECK_OK(npuwhisper_transcriber_drain(transcriber, &segments))) {
    add_segments(segments, transcript);
  }
  CHECK(npuwhisper_transcriber_position(transcriber) == kSamples);
  CHECK(strcmp(npuwhisper_transcriber_language(transcriber, NULL), "en") == 0);
  CHECK(npuwhisper_transcriber_language_probability(transcriber) == 1);
}

static void test_both_ways_give_the_same_text(npuwhisper_transcriber* transcriber) {
  struct transcript whole = {0};
  struct transcript pushed = {0};
  CHECK_OK(npuwhisper_transcriber_transcribe_f32(transcriber, float_noise(), kSamples, add_segment,
                                                 &whole));
  CHECK(whole.n_segments > 1 && whole.text[0] != '\0');
  push_all(transcriber, &pushed);
  CHECK(strcmp(whole.text, pushed.text) == 0);
  CHECK(whole.n_segments == pushed.n_segments);
  npuwhisper_transcriber_reset(transcriber);
}

static void test_callback_stops(npuwhisper_transcriber* transcriber) {
  struct transcript first = {.n_wanted = 1};
  CHECK_FAILS(npuwhisper_transcriber_transcribe_f32(transcriber, float_noise(), kSamples,
                                                    add_segment, &first),
              NPUWHISPER_CANCELLED);
  CHECK(first.n_segments == 1);
  struct transcript whole = {0};  // The transcriber can be used again.
  CHECK_OK(npuwhisper_transcriber_transcribe_f32(transcriber, float_noise(), kSamples, add_segment,
                                                 &whole));
  CHECK(whole.n_segments > 1);
}

static void test_cancel(npuwhisper_transcriber* transcriber) {
  npuwhisper_segments* segments = NULL;
  npuwhisper_transcriber_cancel(transcriber);
  CHECK_FAILS(npuwhisper_transcriber_push_f32(transcriber, float_noise(), kSamples, &segments),
              NPUWHISPER_CANCELLED);
  CHECK(segments == NULL);
  npuwhisper_transcriber_reset(transcriber);
  CHECK_OK(npuwhisper_transcriber_push_f32(transcriber, float_noise(), 1, &segments));
  npuwhisper_segments_free(segments);
  npuwhisper_words* draft = NULL;
  CHECK_OK(npuwhisper_transcriber_draft(transcriber, &draft));
  CHECK(npuwhisper_words_count(draft) == 0);
  npuwhisper_words_free(draft);
  npuwhisper_transcriber_reset(transcriber);
}

static void test_transcription(void) {
  npuwhisper_options* options = new_options();
  npuwhisper_engine* engine = NULL;
  npuwhisper_transcriber* transcriber = NULL;
  CHECK_OK(npuwhisper_engine_open(options, &engine));
  test_engine(engine);
  CHECK_OK(npuwhisper_transcriber_new(engine, options, &transcriber));
  npuwhisper_options_free(options);
  npuwhisper_engine_free(engine);  // The transcriber keeps the model.
  test_both_ways_give_the_same_text(transcriber);
  test_callback_stops(transcriber);
  test_cancel(transcriber);
  npuwhisper_transcriber_free(transcriber);
}

int main(void) {
  test_version();
  test_option_names();
  test_wrong_options();
  test_model_that_is_missing();
  test_model_that_is_found();
  test_transcription();
  if (n_failures > 0) fprintf(stderr, "%d failures\n", n_failures);
  return n_failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
