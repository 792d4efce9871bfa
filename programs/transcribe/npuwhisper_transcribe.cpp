// SPDX-License-Identifier: LGPL-2.1-or-later

// npuwhisper-transcribe: writes the speech in files as timed text. Shows how a program uses the
// element npuwhisper: it opens the engine once, then runs one pipeline for each file
// (transcription.cpp).

#include <malloc.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <npuwhisper/guarded.h>
#include <npuwhisper/languages.h>
#include <npuwhisper/trace.h>

#include "command_line.h"
#include "formats.h"
#include "input.h"
#include "input_list.h"
#include "kept_work.h"
#include "outputs.h"
#include "programs/common/plugin_lookup.h"
#include "progress.h"
#include "transcription.h"

namespace npuwhisper::cli {
namespace {

enum ExitCode { kOk = 0, kFailed = 1, kUsage = 2, kSignal = 128 };

volatile std::sig_atomic_t caught_signal = 0;

/// Installs a handler for SIGINT and SIGTERM. The first signal requests an orderly end and removes
/// the handler, so a second signal ends the program immediately.
void stop_on_signals() {
  struct sigaction action = {};
  action.sa_handler = [](int signal) { caught_signal = signal; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void complain(const std::string& message) {
  std::cerr << "npuwhisper-transcribe: " << message << std::endl;
}

/// Prints a warning once, even if the elements of several files repeat it.
void warn_once(const std::string& message) {
  static std::set<std::string> said;
  if (said.insert(message).second) complain(message);
}

void print_languages() {
  for (const auto& [code, name] : languages()) std::cout << code << '\t' << name << '\n';
  std::cout << std::flush;
}

void print_caption_styles() {
  for (const CaptionStyleEntry& entry : caption_styles()) {
    if (entry.for_files) std::cout << entry.name << '\t' << entry.description << '\n';
  }
  std::cout << std::flush;
}

Error write_error(const std::filesystem::path& path, int code) {
  const std::string name = path.empty() ? "stdout" : path.string();
  return {ErrorCode::Unavailable, "cannot write to " + name + ": " + std::strerror(code)};
}

/// The stream of one output: stdout, or the file that was opened last.
class OutputStream {
 public:
  /// Returns the stream of the file `path`, or stdout if `path` is empty. Consecutive calls with
  /// the same path return the same stream, unless close() is called. Errors: Unavailable.
  Result<std::ostream*> open(const std::filesystem::path& path) {
    if (path.empty()) return &std::cout;
    if (path == path_ && file_.is_open()) return &file_;
    path_ = path;
    file_ = std::ofstream(path, std::ios::binary);
    if (!file_) return fail(write_error(path, errno));
    return &file_;
  }

  /// Closes the file, if one is open.
  void close() { file_ = std::ofstream(); }

 private:
  std::filesystem::path path_;
  std::ofstream file_;
};

/// Writes the texts of one file after another. Call order for each file: open() segment()*
/// finish().
class Texts {
 public:
  Texts(const std::vector<Output>& outputs, const CueOptions& cues)
      : outputs_(outputs), cues_(cues), streams_(outputs.size()) {}

  /// Opens the texts of a file and writes their headers. Errors: Unavailable.
  Result<void> open(const TextPaths& paths) {
    texts_.clear();
    error_.reset();
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      const Result<std::ostream*> out = streams_[i].open(paths[i]);
      if (!out) return fail(out.error());
      texts_.push_back({paths[i], *out, make_writer(outputs_[i].format, **out, cues_),
                        outputs_[i].format == Format::Json});
    }
    return {};
  }

  void segment(const TimedSegment& segment) {
    for (Text& text : texts_) {
      write(text, [&] { text.writer->segment(segment); });
    }
  }

  bool has_failed() const { return error_.has_value(); }

  /// Writes the rest of the texts. JSON comes last, because its member "error" reports the failed
  /// writes of other texts. Errors: Unavailable (a text could not be written), or the error of the
  /// transcript.
  Result<void> finish(Transcript transcript) {
    for (const bool is_json : {false, true}) {
      if (error_) transcript.error = error_;
      for (Text& text : texts_) {
        if (text.is_json != is_json) continue;
        write(text, [&] { text.writer->finish(transcript); });
      }
    }
    texts_.clear();
    // Another program may move a text that is complete.
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      if (!is_shared(outputs_[i])) streams_[i].close();
    }
    if (error_) return fail(*error_);
    if (transcript.error) return fail(*transcript.error);
    return {};
  }

  /// Writes the JSON object of an input that cannot be transcribed, for the reason `error`, to
  /// those outputs that receive the objects of all inputs. Returns the error.
  Failure report(const std::string& given, const Error& error) {
    Transcript transcript;
    transcript.file = given;
    transcript.stats = nlohmann::ordered_json::object();
    transcript.error = error;
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      if (outputs_[i].format != Format::Json || !is_shared(outputs_[i])) continue;
      const bool is_stdout = outputs_[i].place.empty() || outputs_[i].place == "-";
      const auto out = streams_[i].open(is_stdout ? "" : outputs_[i].place);
      if (out) make_writer(Format::Json, **out, cues_)->finish(transcript);
    }
    return fail(error);
  }

 private:
  struct Text {
    std::filesystem::path path;
    std::ostream* out;
    std::unique_ptr<TranscriptWriter> writer;
    bool is_json;
  };

  template <typename Step>
  void write(Text& text, const Step& step) {
    step();
    if (text.out->fail() && !error_) error_ = write_error(text.path, errno);
  }

  const std::vector<Output>& outputs_;
  const CueOptions& cues_;
  std::vector<OutputStream> streams_;
  std::vector<Text> texts_;
  std::optional<Error> error_;  ///< The first failed write.
};

/// Transcribes one input. Sets `text_end` to the end of the text written so far.
Result<void> transcribe_one(const CommandLine& line, const Input& input, const TextPaths& paths,
                            Texts& texts, Progress& progress, std::optional<double>& text_end) {
  Result<void> ready = check_input(input);
  if (ready) ready = texts.open(paths);
  if (!ready) return texts.report(input.given, ready.error());
  const TranscriptionEvents events{.segment =
                                       [&](const TimedSegment& segment) {
                                         progress.clear();
                                         texts.segment(segment);
                                         text_end = segment.end;
                                       },
                                   .tick =
                                       [&](const ProgressPoint& point) {
                                         progress.update(input.name, point,
                                                         std::chrono::steady_clock::now());
                                         return caught_signal == 0 && !texts.has_failed();
                                       },
                                   .warning =
                                       [&](const std::string& text) {
                                         progress.clear();
                                         warn_once(text);
                                       },
                                   .note =
                                       [&](const std::string& text) {
                                         progress.clear();
                                         if (!line.quiet) complain(input.given + ": " + text);
                                       }};
  Transcript transcript = transcribe_file(input, line.audio, line.engine, line.transcriber, events);
  progress.clear();
  return texts.finish(std::move(transcript));
}

/// Returns how far an input was transcribed, and reports an error.
WorkState::Kind kind_of(const Result<void>& done, const std::string& given) {
  if (done) return WorkState::Kind::Complete;
  if (done.error().code == ErrorCode::Cancelled) return WorkState::Kind::Partial;
  complain(given + ": " + done.error().message);
  return WorkState::Kind::Failed;
}

/// Returns the exit code after a signal, and reports the output of the inputs.
int stopped(const CommandLine& line, std::span<const Input> inputs,
            std::span<const TextPaths> paths, std::span<const WorkState> states) {
  const int signal = caught_signal;
  if (!line.quiet) {
    complain(std::string("stopped by ") + (signal == SIGINT ? "SIGINT" : "SIGTERM"));
    for (const std::string& text : describe_kept_work(inputs, paths, states)) complain(text);
  }
  return kSignal + signal;
}

Progress make_progress(const CommandLine& line) {
  const bool draws = !line.quiet && isatty(STDERR_FILENO) != 0;
  return {draws, std::cerr, std::chrono::steady_clock::now()};
}

int transcribe_all(const CommandLine& line, const std::vector<TextPaths>& paths) {
  Progress progress = make_progress(line);
  Texts texts(line.outputs, line.cues);
  std::vector<WorkState> states(line.inputs.size());
  int exit_code = kOk;
  for (std::size_t i = 0; i < line.inputs.size() && caught_signal == 0; ++i) {
    const Input& input = line.inputs[i];
    WorkState& state = states[i];
    state.kind = kind_of(transcribe_one(line, input, paths[i], texts, progress, state.text_end),
                         input.given);
    if (state.kind == WorkState::Kind::Failed) exit_code = kFailed;
  }
  return caught_signal == 0 ? exit_code : stopped(line, line.inputs, paths, states);
}

/// Returns the input with this name in a list. Errors: InvalidArgument.
Result<Input> listed_input(const std::string& name) {
  if (name == "-") return fail(ErrorCode::InvalidArgument, "a list cannot contain stdin");
  return parse_input(name);
}

/// Transcribes the inputs of a list, each as soon as its name arrives.
int transcribe_listed(const CommandLine& line, InputList& list) {
  Progress progress = make_progress(line);
  Texts texts(line.outputs, line.cues);
  int exit_code = kOk;
  while (caught_signal == 0) {
    const auto name = list.next();
    if (!name) {
      complain(name.error().message);
      return kFailed;
    }
    if (!*name) break;
    const Result<Input> input = listed_input(**name);
    const auto paths =
        input ? plan_listed_texts(*input, line.outputs) : Result<TextPaths>(fail(input.error()));
    WorkState state;
    state.kind =
        kind_of(paths ? transcribe_one(line, *input, *paths, texts, progress, state.text_end)
                      : texts.report(**name, paths.error()),
                **name);
    if (state.kind == WorkState::Kind::Failed) exit_code = kFailed;
    if (state.kind == WorkState::Kind::Partial) {
      return stopped(line, {&*input, 1}, {&*paths, 1}, {&state, 1});
    }
  }
  return caught_signal == 0 ? exit_code : stopped(line, {}, {}, {});
}

/// Transcribes the inputs of the list, or all inputs of the command line if `list` is empty, or
/// prints the plan.
int run_engine(const CommandLine& line, const std::vector<TextPaths>& paths,
               std::optional<InputList> list) {
  if (!line.plan) {
    if (const auto found = find_plugin("npuwhisper"); !found) {
      complain(found.error().message);
      return kFailed;
    }
  }
  // The engine is held until the end, so that the elements of all files share one loaded model.
  const auto engine = Engine::open(line.engine);
  if (!engine) {
    complain(engine.error().message);
    return kFailed;
  }
  if (line.plan) {
    std::cout << (*engine)->describe_plan() << std::flush;
    return kOk;
  }
  const std::string& language = line.transcriber.language;
  if (!language.empty() && !(*engine)->has_language(language)) {
    const std::string found = "--language " + language + ": model '" + line.engine.model + "' ";
    complain(found + ((*engine)->is_multilingual()
                          ? "does not support this language"
                          : "is English-only, wanted a multilingual model, such as base"));
    return kUsage;
  }
  stop_on_signals();
  return list ? transcribe_listed(line, *list) : transcribe_all(line, paths);
}

int run(int argc, char** argv) {
  const Result<CommandLine> line = parse_command_line(argc, argv);
  if (!line) {
    complain(line.error().message + " (see --help)");
    return kUsage;
  }
  if (line->version) {
    std::cout << "npuwhisper-transcribe " NPUWHISPER_VERSION << std::endl;
    return kOk;
  }

  if (line->list_languages) {
    print_languages();
    return kOk;
  }
  if (line->list_caption_styles) {
    print_caption_styles();
    return kOk;
  }

  const auto paths = plan_texts(line->inputs, line->outputs);
  if (!paths) {
    complain(paths.error().message);
    return paths.error().code == ErrorCode::InvalidArgument ? kUsage : kFailed;
  }

  std::optional<InputList> list;
  if (!line->list.empty()) {
    auto opened = InputList::open(line->list);
    if (!opened) {
      complain(opened.error().message);
      return kFailed;
    }
    list = *std::move(opened);
  }

  if (!line->trace.empty()) {
    if (const auto started = start_trace(line->trace); !started) {
      complain(started.error().message);
      return kFailed;
    }
  }
  const int exit_code = run_engine(*line, *paths, std::move(list));
  if (const auto written = stop_trace(); !written) {
    complain(written.error().message);
    return kFailed;
  }
  return exit_code;
}

/// Calls run() and returns its exit code. If run() throws an exception, such as std::bad_alloc,
/// reports the exception and returns kFailed. An uncaught exception would abort the program.
int run_guarded(int argc, char** argv) {
  const Result<int> code =
      guarded("cannot continue", [&]() -> Result<int> { return run(argc, argv); });
  if (code) return *code;
  std::fprintf(stderr, "npuwhisper-transcribe: %s\n", code.error().message.c_str());
  return kFailed;
}

}  // namespace
}  // namespace npuwhisper::cli

int main(int argc, char** argv) {
  // Makes glibc return each block of at least 128 KiB to the system when the block is freed. By
  // default, glibc raises this threshold each time such a block is freed. It then keeps about 1 MB
  // of freed blocks in this program.
  mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  return npuwhisper::cli::run_guarded(argc, argv);
}
