// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
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
  /// A name ("base", "tiny.en") or the path of a CTranslate2 Whisper folder; see find_model().
  std::string model = "base";
  DeviceKind device = DeviceKind::Auto;
  Precision precision = Precision::Auto;
  unsigned n_threads = 0;  ///< 0: one thread for each physical core that cgroup and affinity allow.
  NpuStages npu_stages{};  ///< Stages that an NPU runs. With device=cpu only auto is allowed.

  bool operator==(const EngineOptions&) const = default;
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
  /// engine instead. Loading takes a while (base: about a second), so do not call this function on
  /// the streaming thread. Concurrent callers with the same options share one load. Errors:
  /// InvalidArgument (no model, or npu_stages with device=cpu), NotFound (no such model or device),
  /// CorruptModel, Unsupported, Unavailable, DeviceError.
  static Result<std::shared_ptr<Engine>> open(const EngineOptions& options);

  virtual ~Engine() = default;
  virtual const DeviceInfo& device() const = 0;
  virtual DeviceStats device_stats() const = 0;
  /// Returns the device's current activity, for any of the engine's transcribers. Never blocks.
  virtual DeviceActivity device_activity() const = 0;
  /// Returns the folder from which the model was loaded.
  virtual const std::filesystem::path& model_path() const = 0;
  virtual bool is_multilingual() const = 0;
  /// Returns true if the model transcribes this language ("en", "de", ...). An English-only model
  /// transcribes only "en".
  virtual bool has_language(std::string_view code) const = 0;
  /// Returns the plan as text: the device of each operation, and the reason if it is not obvious.
  virtual std::string describe_plan() const = 0;
};

/// Returns the folder of a model. A path is used as it is. A name without slashes is searched for
/// in the following places, in this order: the current folder, $NPUWHISPER_MODEL_DIR (which may
/// itself be a folder of this name), $XDG_CACHE_HOME/npuwhisper (~/.cache/npuwhisper), and the
/// Hugging Face cache of faster-whisper. The function returns the first folder of this name with a
/// model.bin. Errors: InvalidArgument (an empty name), NotFound (for a name, the message lists the
/// places that were searched and says how to fetch the model).
NPUWHISPER_API Result<std::filesystem::path> find_model(const std::string& name_or_path);

}  // namespace npuwhisper
