// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <npuwhisper/api.h>
#include <npuwhisper/device_info.h>
#include <npuwhisper/device_stats.h>
#include <npuwhisper/npu_stages.h>
#include <npuwhisper/result.h>

namespace npuwhisper {

struct EngineOptions {
  /// A name ("base", "tiny.en") or the path of a Whisper model; see find_model().
  std::string model = "base";
  DeviceKind device = DeviceKind::Auto;
  Precision precision = Precision::Auto;
  unsigned n_threads = 0;  ///< 0: one thread for each physical core that cgroup and affinity allow.
  NpuStages npu_stages{};  ///< Stages that an NPU runs. With device=cpu only auto is allowed.

  bool operator==(const EngineOptions&) const = default;
};

/// The memory that an engine and its first stream take, in bytes.
struct MemoryNeed {
  std::uint64_t weight_bytes = 0;   ///< Weights in the device's format.
  std::uint64_t working_bytes = 0;  ///< Working memory that all streams share.
  /// Buffers of one stream with the default TranscriberOptions and word times. Each further stream,
  /// and each further piece of TranscriberOptions::batch, takes as much again.
  std::uint64_t stream_bytes = 0;
  std::uint64_t other_bytes = 0;  ///< Estimate: tokenizer, log-mel, VAD, oneDNN's generated code.

  /// Returns the peak memory in bytes. The peak occurs while the model runs: packing the weights
  /// beforehand takes less memory.
  std::uint64_t peak_bytes() const {
    return weight_bytes + working_bytes + stream_bytes + other_bytes;
  }
};

/// The current activity of a device.
struct DeviceActivity {
  const char* stage = nullptr;  ///< "encoder", "decoder step", ...; nullptr: the device is idle.
  std::chrono::nanoseconds time{0};  ///< Time for which the stage has been running.
};

/// One model prepared on one device, shared by all transcribers in the process. The engine
/// schedules their encoder windows and batches their decoder steps. Thread-safe.
class NPUWHISPER_API Engine {
 public:
  /// Loads and prepares a model. If an engine with the same options is still in use, returns this
  /// engine instead. Loading takes a while (base: a tenth of a second on two cores; large models:
  /// seconds), so do not call this function on the streaming thread. Concurrent callers with the
  /// same options share one load.
  ///
  /// Before it reads weights, compares memory_needed() with the memory of the machine, the limits
  /// of the process's cgroups and the process's resource limits. If the model needs more memory
  /// than one of these limits allows, the result is an error. If the model needs more memory than
  /// is available now, a warning is logged.
  ///
  /// Errors: InvalidArgument (no model, or npu_stages with device=cpu), NotFound (no such model or
  /// device), CorruptModel, Unsupported, Unavailable (also not enough memory), DeviceError.
  static Result<std::shared_ptr<Engine>> open(const EngineOptions& options);

  /// Returns the memory that open() would take with these options. Reads the model's files, but no
  /// weights, and opens the device. The sizes of weights and buffers are exact. Errors: those of
  /// open().
  static Result<MemoryNeed> memory_needed(const EngineOptions& options);

  virtual ~Engine() = default;
  virtual const DeviceInfo& device() const = 0;
  virtual DeviceStats device_stats() const = 0;
  /// Returns the device's current activity, for any of the engine's transcribers. Never blocks.
  virtual DeviceActivity device_activity() const = 0;
  /// Returns the folder or file from which the model was loaded.
  virtual const std::filesystem::path& model_path() const = 0;
  virtual bool is_multilingual() const = 0;
  /// Returns true if the model transcribes this language ("en", "de", ...). An English-only model
  /// transcribes only "en".
  virtual bool has_language(std::string_view code) const = 0;
  /// Returns whether the attention heads that follow the audio are known for this model. Without
  /// these alignment heads, all heads of the last half of the decoder's layers determine the word
  /// times, which are then less exact.
  virtual bool has_alignment_heads() const = 0;
  /// Returns the plan as text: the device of each operation, and the reason if it is not obvious.
  virtual std::string describe_plan() const = 0;
};

/// Returns the path of a model: a folder, or a file in the format of OpenAI (NAME.pt) or of
/// whisper.cpp (ggml-NAME.bin). Looks at the names of files only; Engine::open() reads the
/// contents.
///
/// A path is used as it is. Anything without a slash, except "." and "..", is a name. The names of
/// published models are in docs/models.md; turbo means large-v3-turbo, and large means large-v3. A
/// name may end with a quantisation of whisper.cpp (base-q5_1), which selects only this file. A
/// name is searched for in the following places, in this order:
///
/// 1. $NPUWHISPER_MODEL_DIR, which may itself be the model's folder: the folder NAME, NAME.pt,
///    ggml-NAME.bin
/// 2. $XDG_CACHE_HOME/npuwhisper/NAME (~/.cache/npuwhisper)
/// 3. the Hugging Face cache: the repositories of faster-whisper, then the authors' repository
/// 4. $XDG_CACHE_HOME/whisper/NAME.pt (~/.cache/whisper, the cache of openai-whisper)
/// 5. ggml-NAME.bin in $XDG_DATA_HOME/pywhispercpp/models (~/.local/share), and in the repositories
///    of whisper.cpp and of distil-whisper in the Hugging Face cache
///
/// Places 3 to 5 are for published models only. A quantised file is found only under a name with
/// its quantisation (see above). If a name is not that of a published model, the working directory
/// is searched first, for a folder or a file with this name. Errors: InvalidArgument (an empty
/// name), NotFound (for a name, the message lists the places that were searched and says how to
/// fetch the model, or lists the published names).
NPUWHISPER_API Result<std::filesystem::path> find_model(const std::string& name_or_path);

}  // namespace npuwhisper
