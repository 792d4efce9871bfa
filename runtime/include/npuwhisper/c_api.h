// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

// The C interface of libnpuwhisper, for C11 and for other languages. docs/library.md contains the
// rules of the binary interface and the list of options.
//
// Errors: a function that can fail returns NULL on success. Otherwise it returns an error, which
// the caller must free. No function throws an exception.
//
// Ownership: the caller owns each object that a function creates, and frees it with the function
// npuwhisper_..._free of its type, which accepts NULL. Objects may be freed in any order. If a
// function fails, it sets the pointer for the new object to NULL.
//
// Strings: a string that a function takes is UTF-8, ends with a NUL and is copied. A string that a
// function returns is UTF-8, ends with a NUL and belongs to the object from which it was read. If
// `length` is not NULL, `*length` receives the string's length in bytes, without the final NUL.
//
// NULL: functions that can fail report InvalidArgument for a NULL object. Functions that cannot
// fail return 0, false, NULL or an empty string for a NULL object.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Marks a function that libnpuwhisper exports.
#define NPUWHISPER_C_API __attribute__((visibility("default")))
/// Marks a function whose result is an error, which the caller must not ignore.
#define NPUWHISPER_MUST_CHECK __attribute__((warn_unused_result))

/// Returns the library's version, such as "0.1.0", for the lifetime of the process. Thread-safe.
NPUWHISPER_C_API const char* npuwhisper_version(void);

// Errors.

/// The kinds of failures. Later versions may add kinds.
enum {
  NPUWHISPER_NO_ERROR = 0,
  NPUWHISPER_INVALID_ARGUMENT = 1,  ///< The caller's request is invalid.
  NPUWHISPER_NOT_FOUND = 2,         ///< A file, a model or a device does not exist.
  NPUWHISPER_UNAVAILABLE = 3,       ///< A resource cannot be used now: busy, no memory.
  NPUWHISPER_UNSUPPORTED = 4,       ///< This build or machine cannot fulfil the request.
  NPUWHISPER_CORRUPT_MODEL = 5,     ///< A model file is malformed, truncated or inconsistent.
  NPUWHISPER_DEVICE_ERROR = 6,      ///< A device failed during a run.
  NPUWHISPER_TIMEOUT = 7,           ///< A device did not answer in time.
  NPUWHISPER_CANCELLED = 8          ///< The caller cancelled or stopped the work.
};

/// A failure. Thread-safe, because it does not change.
typedef struct npuwhisper_error npuwhisper_error;

/// Returns the kind of the failure, such as NPUWHISPER_NOT_FOUND.
NPUWHISPER_C_API int32_t npuwhisper_error_code(const npuwhisper_error* error);
/// Returns a message with the failed action, the value found and the value wanted.
NPUWHISPER_C_API const char* npuwhisper_error_message(const npuwhisper_error* error,
                                                      size_t* length);
NPUWHISPER_C_API void npuwhisper_error_free(npuwhisper_error* error);

// Log.

/// The levels of messages. Later versions may add levels.
enum {
  NPUWHISPER_LOG_ERROR = 0,
  NPUWHISPER_LOG_WARNING = 1,
  NPUWHISPER_LOG_INFO = 2,
  NPUWHISPER_LOG_DEBUG = 3
};

/// Receives a message of `length` bytes, without a final NUL, which is valid during the call. The
/// library calls this function from any thread, one call at a time. The function must not call
/// npuwhisper_set_log_callback().
typedef void (*npuwhisper_log_callback)(int32_t level, const char* message, size_t length,
                                        void* user_data);

/// Sends all later messages of the process to `callback`; NULL discards them. Before the first
/// call, errors and warnings are printed to stderr. `user_data` must stay valid until the next
/// call. Thread-safe. Errors: Unavailable (no memory).
NPUWHISPER_C_API NPUWHISPER_MUST_CHECK npuwhisper_error* npuwhisper_set_log_callback(
    npuwhisper_log_callback callback, void* user_data);

// Options.

/// The options of engines and transcribers. An engine reads the options of the model and the
/// device. A transcriber reads all other options. Reentrant.
typedef struct npuwhisper_options npuwhisper_options;

/// Returns options with their default values; NULL if there is no memory.
NPUWHISPER_C_API npuwhisper_options* npuwhisper_options_new(void);
NPUWHISPER_C_API void npuwhisper_options_free(npuwhisper_options* options);
/// Sets the option `name`, such as "beam-size", to the value that the text `value` describes, such
/// as "5". Numbers have a decimal point in every locale. If this function fails, the option keeps
/// its value. Errors: InvalidArgument (the message lists the names or describes the values that are
/// wanted), Unavailable (no memory). Whether a value is within its limits is checked when an engine
/// or a transcriber is created.
NPUWHISPER_C_API NPUWHISPER_MUST_CHECK npuwhisper_error* npuwhisper_options_set(
    npuwhisper_options* options, const char* name, const char* value);
/// Returns the name of an option, for the lifetime of the process; NULL if `index` is not below the
/// number of options. Thread-safe.
NPUWHISPER_C_API const char* npuwhisper_option_name(size_t index);

/// A function that returns the number of samples (16 kHz) that have arrived but have not been
/// pushed yet.
typedef int64_t (*npuwhisper_waiting_callback)(void* user_data);

/// Sets the function that reports the waiting samples. Live streams with pace "real-time" call it
/// on the thread that calls push, settle or drain. If too many samples wait, the stream skips audio
/// to return to the live edge. NULL: no samples ever wait. `user_data` must stay valid while any
/// transcriber that was created with these options exists. Errors: InvalidArgument, Unavailable (no
/// memory).
NPUWHISPER_C_API NPUWHISPER_MUST_CHECK npuwhisper_error* npuwhisper_options_set_waiting_callback(
    npuwhisper_options* options, npuwhisper_waiting_callback callback, void* user_data);

// Models and engines.

/// Finds the folder or file of a model by its name, such as "base", or its path. Looks at the names
/// of files only. The caller frees `*path` with npuwhisper_string_free(). Thread-safe. Errors:
/// InvalidArgument, NotFound (the message lists the places that were searched, and says how to
/// fetch the model), Unavailable (no memory).
NPUWHISPER_C_API NPUWHISPER_MUST_CHECK npuwhisper_error* npuwhisper_find_model(
    const char* name_or_path, char** path, size_t* length);
NPUWHISPER_C_API void npuwhisper_string_free(char* string);

/// Calculates the memory that an engine with these options and its first stream take, in bytes.
/// Reads no weights. Thread-safe. Errors: those of npuwhisper_engine_open().
NPUWHISPER_C_API NPUWHISPER_MUST_CHECK npuwhisper_error* npuwhisper_memory_needed(
    const npuwhisper_options* options, uint64_t* bytes);

/// A model on a device, for any number of transcribers. Thread-safe, except that it must not be
/// freed during a call.
typedef struct npuwhisper_engine npuwhisper_engine;

/// Loads a model. Loading takes from a tenth of a second to several seconds. Engines with the same
/// options share their memory. NULL options: the default values. Thread-safe. Errors:
/// InvalidArgument, NotFound (no such model or device), CorruptModel, Unsupported, Unavailable
/// (also not enough memory), DeviceError.
NPUWHISPER_C_API NPUWHISPER_MUST_CHECK npuwhisper_error* npuwhisper_engine_open(
    const npuwhisper_options* options, npuwhisper_engine** engine);
/// Releases the engine. Its transcribers continue to work.
NPUWHISPER_C_API void npuwhisper_engine_free(npuwhisper_engine* engine);
/// Returns the kind of the engine's device: "cpu" or "npu".
NPUWHISPER_C_API const char* npuwhisper_engine_device_kind(const npuwhisper_engine* engine);
/// Returns the product name of the engine's device.
NPUWHISPER_C_API const char* npuwhisper_engine_device_name(const npuwhisper_engine* engine,
                                                           size_t* length);
/// Returns the folder or file from which the model was loaded.
NPUWHISPER_C_API const char* npuwhisper_engine_model_path(const npuwhisper_engine* engine,
                                                          size_t* length);
/// Returns whether the model transcribes the language with Whisper's code `code`, such as "de".
NPUWHISPER_C_API bool npuwhisper_engine_has_language(const npuwhisper_engine* engine,
                                                     const char* code);

// Text.

/// Words with times. Thread-safe, because they do not change.
typedef struct npuwhisper_words npuwhisper_words;
/// A word of npuwhisper_words, which owns it.
typedef struct npuwhisper_word npuwhisper_word;

NPUWHISPER_C_API void npuwhisper_words_free(npuwhisper_words* words);
NPUWHISPER_C_API size_t npuwhisper_words_count(const npuwhisper_words* words);
/// Returns a word; NULL if `index` is not below the number of words.
NPUWHISPER_C_API const npuwhisper_word* npuwhisper_words_at(const npuwhisper_words* words,
                                                            size_t index);
/// Returns the start of the word, in samples (16 kHz) since the start of the stream.
NPUWHISPER_C_API int64_t npuwhisper_word_start(const npuwhisper_word* word);
/// Returns the end of the word, in samples (16 kHz) since the start of the stream.
NPUWHISPER_C_API int64_t npuwhisper_word_end(const npuwhisper_word* word);
/// Returns the word with its leading space and its punctuation.
NPUWHISPER_C_API const char* npuwhisper_word_text(const npuwhisper_word* word, size_t* length);
/// Returns the mean probability of the word's tokens, 0 to 1.
NPUWHISPER_C_API float npuwhisper_word_probability(const npuwhisper_word* word);

/// Segments in the order of their times. Thread-safe, because they do not change.
typedef struct npuwhisper_segments npuwhisper_segments;
/// A piece of text with its times. npuwhisper_segments owns it.
typedef struct npuwhisper_segment npuwhisper_segment;

NPUWHISPER_C_API void npuwhisper_segments_free(npuwhisper_segments* segments);
NPUWHISPER_C_API size_t npuwhisper_segments_count(const npuwhisper_segments* segments);
/// Returns a segment; NULL if `index` is not below the number of segments.
NPUWHISPER_C_API const npuwhisper_segment* npuwhisper_segments_at(
    const npuwhisper_segments* segments, size_t index);
/// Returns the start of the segment, in samples (16 kHz) since the start of the stream.
NPUWHISPER_C_API int64_t npuwhisper_segment_start(const npuwhisper_segment* segment);
/// Returns the end of the segment, in samples (16 kHz) since the start of the stream.
NPUWHISPER_C_API int64_t npuwhisper_segment_end(const npuwhisper_segment* segment);
/// Returns the segment's text, usually with a leading space.
NPUWHISPER_C_API const char* npuwhisper_segment_text(const npuwhisper_segment* segment,
                                                     size_t* length);
/// Returns Whisper's code of the segment's language, such as "en".
NPUWHISPER_C_API const char* npuwhisper_segment_language(const npuwhisper_segment* segment,
                                                         size_t* length);
/// Returns the segment's words, which the segment owns. There are none without the option
/// "word-times".
NPUWHISPER_C_API const npuwhisper_words* npuwhisper_segment_words(
    const npuwhisper_segment* segment);
/// Returns the average log probability of the tokens of the segment's window.
NPUWHISPER_C_API float npuwhisper_segment_average_log_probability(
    const npuwhisper_segment* segment);
/// Returns the probability that the segment's window contains no speech, 0 to 1.
NPUWHISPER_C_API float npuwhisper_segment_no_speech_probability(const npuwhisper_segment* segment);
/// Returns the compression ratio of the text of the segment's window. A high ratio indicates
/// repetition.
NPUWHISPER_C_API float npuwhisper_segment_compression_ratio(const npuwhisper_segment* segment);
/// Returns the temperature at which the text was accepted.
NPUWHISPER_C_API float npuwhisper_segment_temperature(const npuwhisper_segment* segment);

// Transcribers.

/// Transcribes one stream of speech into timed text. Reentrant; npuwhisper_transcriber_cancel() is
/// thread-safe. Call order: ((push | settle)* drain reset?)*. After push, settle or drain has
/// failed, only reset makes sense.
typedef struct npuwhisper_transcriber npuwhisper_transcriber;

/// Creates a transcriber, which keeps the engine's model loaded. NULL options: the default values.
/// Errors: InvalidArgument, Unavailable, Unsupported, DeviceError, NotFound (vad=on, but its
/// weights are missing), CorruptModel (the weights of voice activity detection are malformed).
NPUWHISPER_C_API NPUWHISPER_MUST_CHECK npuwhisper_error* npuwhisper_transcriber_new(
    const npuwhisper_engine* engine, const npuwhisper_options* options,
    npuwhisper_transcriber** transcriber);
NPUWHISPER_C_API void npuwhisper_transcriber_free(npuwhisper_transcriber* transcriber);

/// Takes `n_samples` samples (-1 to 1, 16 kHz, mono), and returns the segments that became final.
/// Copies the samples that it must keep. Blocks while windows are decoded. Errors: InvalidArgument,
/// Cancelled, DeviceError, Timeout, Unavailable (no memory).
NPUWHISPER_C_API NPUWHISPER_MUST_CHECK npuwhisper_error* npuwhisper_transcriber_push_f32(
    npuwhisper_transcriber* transcriber, const float* samples, size_t n_samples,
    npuwhisper_segments** segments);
/// Like npuwhisper_transcriber_push_f32(), for 16-bit samples.
NPUWHISPER_C_API NPUWHISPER_MUST_CHECK npuwhisper_error* npuwhisper_transcriber_push_s16(
    npuwhisper_transcriber* transcriber, const int16_t* samples, size_t n_samples,
    npuwhisper_segments** segments);
/// Live streams: decodes the remaining audio and returns its text, which is final. Call this
/// function if no audio has arrived for a while and the deadline of a word is near. Other streams:
/// returns no segments. Errors: those of npuwhisper_transcriber_push_f32().
NPUWHISPER_C_API NPUWHISPER_MUST_CHECK npuwhisper_error* npuwhisper_transcriber_settle(
    npuwhisper_transcriber* transcriber, npuwhisper_segments** segments);
/// Transcribes the remaining audio and returns its segments. Errors: those of
/// npuwhisper_transcriber_push_f32().
NPUWHISPER_C_API NPUWHISPER_MUST_CHECK npuwhisper_error* npuwhisper_transcriber_drain(
    npuwhisper_transcriber* transcriber, npuwhisper_segments** segments);
/// Discards audio, text and a pending cancellation. The next sample has index 0.
NPUWHISPER_C_API void npuwhisper_transcriber_reset(npuwhisper_transcriber* transcriber);
/// Makes a running push, settle or drain return Cancelled within one decoder step or one encoder
/// window. Later calls of these functions return Cancelled immediately, until reset. Thread-safe.
/// Never blocks.
NPUWHISPER_C_API void npuwhisper_transcriber_cancel(npuwhisper_transcriber* transcriber);

/// Receives a segment, which is valid during the call. Returns whether the transcription continues.
typedef bool (*npuwhisper_segment_callback)(const npuwhisper_segment* segment, void* user_data);

/// Transcribes `n_samples` samples (-1 to 1, 16 kHz, mono) to their end, and calls `callback` on
/// this thread for each segment as soon as it is final. Afterwards, resets the transcriber, even
/// after a failure, so that it can transcribe other samples. The callback must not call functions
/// of this transcriber, except npuwhisper_transcriber_cancel(). Errors: those of
/// npuwhisper_transcriber_push_f32(); Cancelled also if the callback returned false.
NPUWHISPER_C_API NPUWHISPER_MUST_CHECK npuwhisper_error* npuwhisper_transcriber_transcribe_f32(
    npuwhisper_transcriber* transcriber, const float* samples, size_t n_samples,
    npuwhisper_segment_callback callback, void* user_data);

/// Returns the sample index up to which all text was returned: no later segment starts before it.
NPUWHISPER_C_API int64_t npuwhisper_transcriber_position(const npuwhisper_transcriber* transcriber);
/// Returns Whisper's code of the given or detected language; an empty string before detection. The
/// string is valid until the next push, settle, drain or reset.
NPUWHISPER_C_API const char* npuwhisper_transcriber_language(
    const npuwhisper_transcriber* transcriber, size_t* length);
/// Returns the probability of the language among the candidates: 1 if the language was given, 0
/// before detection.
NPUWHISPER_C_API float npuwhisper_transcriber_language_probability(
    const npuwhisper_transcriber* transcriber);
/// Live streams: returns the words that were recognised but not returned yet. These words may still
/// change. Other streams: returns no words. Errors: InvalidArgument, Unavailable (no memory).
NPUWHISPER_C_API NPUWHISPER_MUST_CHECK npuwhisper_error* npuwhisper_transcriber_draft(
    const npuwhisper_transcriber* transcriber, npuwhisper_words** words);

#ifdef __cplusplus
}  // extern "C"
#endif
