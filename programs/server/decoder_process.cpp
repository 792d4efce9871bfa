// SPDX-License-Identifier: LGPL-2.1-or-later
#include "decoder_process.h"

#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <glib-unix.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "audio_piece.h"
#include "decoder_main.h"

namespace npuwhisper::server {
namespace {

constexpr std::size_t kMaxReason = 4096;

/// Returns the reason that a decoder has written to the pipe. The decoder has exited, so the pipe
/// holds all of it. A hostile decoder may write anything.
std::string read_reason(GSubprocess* process) {
  const int fd =
      g_unix_input_stream_get_fd(G_UNIX_INPUT_STREAM(g_subprocess_get_stderr_pipe(process)));
  std::string text(kMaxReason, '\0');
  g_unix_set_fd_nonblocking(fd, TRUE, nullptr);
  const ssize_t n = ::read(fd, text.data(), text.size());
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

}  // namespace

DecoderProcess::DecoderProcess(const DecoderLimits& limits, Done done)
    : limits_(limits), done_(std::move(done)), cancellable_(g_cancellable_new()) {}

Result<std::unique_ptr<DecoderProcess>> DecoderProcess::start(const Spool& upload,
                                                              const Spool& audio,
                                                              const DecoderLimits& limits,
                                                              Done done) {
  auto input = upload.reopen(O_RDONLY);
  if (!input) return fail(input.error());
  auto output = audio.reopen(O_WRONLY);
  if (!output) return fail(output.error());
  std::unique_ptr<DecoderProcess> decoder(new DecoderProcess(limits, std::move(done)));
  GSubprocessLauncher* launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_subprocess_launcher_take_stdin_fd(launcher, input->release());
  g_subprocess_launcher_take_stdout_fd(launcher, output->release());
  // The server has brought GStreamer's registry up to date.
  g_subprocess_launcher_setenv(launcher, "GST_REGISTRY_UPDATE", "no", TRUE);
  const std::string n_samples = std::to_string(limits.n_samples);
  const std::string seconds = std::to_string(limits.time.count());
  const std::string server = std::to_string(getpid());
  GError* error = nullptr;
  decoder->process_ =
      g_subprocess_launcher_spawn(launcher, &error, "/proc/self/exe", kDecoderArgument,
                                  n_samples.c_str(), seconds.c_str(), server.c_str(), nullptr);
  g_object_unref(launcher);
  if (decoder->process_ == nullptr) {
    const std::string reason = error->message;
    g_error_free(error);
    return fail(ErrorCode::Unavailable, "cannot start a decoder: " + reason);
  }
  g_subprocess_wait_async(decoder->process_, decoder->cancellable_, &DecoderProcess::on_end,
                          decoder.get());
  decoder->timer_ = g_timeout_add_seconds(
      static_cast<guint>(limits.time.count()),
      [](gpointer self) -> gboolean {
        auto& late = *static_cast<DecoderProcess*>(self);
        late.timer_ = 0;
        late.timed_out_ = true;
        g_subprocess_force_exit(late.process_);
        return G_SOURCE_REMOVE;
      },
      decoder.get());
  return decoder;
}

DecoderProcess::~DecoderProcess() {
  if (timer_ != 0) g_source_remove(timer_);
  g_cancellable_cancel(cancellable_);
  g_object_unref(cancellable_);
  if (process_ == nullptr) return;
  g_subprocess_force_exit(process_);
  g_object_unref(process_);
}

void DecoderProcess::on_end(GObject* process, GAsyncResult* result, gpointer self) {
  // The destructor cancels the waiting, so this object may not exist any more.
  if (!g_subprocess_wait_finish(G_SUBPROCESS(process), result, nullptr)) return;
  const auto& decoder = *static_cast<DecoderProcess*>(self);
  const DecoderEnd end = decoder.read_end();
  const Done done = decoder.done_;  // The call may destroy this object.
  done(end);
}

/// Returns the end of the process, which has exited.
DecoderEnd DecoderProcess::read_end() const {
  using Kind = DecoderEnd::Kind;
  const std::string seconds = std::to_string(limits_.time.count());
  const std::string late = "decoding the file took longer than " + seconds + " s";
  if (timed_out_) return {Kind::TimedOut, late, true};
  if (!g_subprocess_get_if_exited(process_)) {
    const int signal = g_subprocess_get_term_sig(process_);
    if (signal == SIGXCPU) return {Kind::TimedOut, late, true};
    return {
        Kind::Unreadable,
        "the file cannot be decoded: the decoder was stopped by signal " + std::to_string(signal),
        true};
  }
  const std::string reason = read_reason(process_);
  const int status = g_subprocess_get_exit_status(process_);
  switch (static_cast<DecoderExit>(status)) {
    case DecoderExit::Complete:
      return {Kind::Complete};
    case DecoderExit::TooLong:
      return {Kind::TooLong};
    case DecoderExit::NoResources:
      return {Kind::NoResources, reason};
    case DecoderExit::Unreadable:
      return {Kind::Unreadable, reason};
  }
  return {Kind::Unreadable,
          "the file cannot be decoded: the decoder ended with status " + std::to_string(status)};
}

}  // namespace npuwhisper::server
