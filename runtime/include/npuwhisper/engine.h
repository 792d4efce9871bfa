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
  std::string model = "base";  ///< A name ("base", "tiny.en") or a path to a CTranslate2 Whisper folder.
  DeviceKind device = DeviceKind::Auto;
  Precision precision = Precision::Auto;
  unsigned n_threads = 0;  ///< 0: the physical cores, never more than cgroup and affinity allow.
  NpuStages npu_stages{};  ///< What an NPU runs; anything but auto is an error with device=cpu.

  bool operator==(const EngineOptions&) const = default;
};

/// What a device is doing.
struct DeviceActivity {
  const char* stage = nullptr;  ///< "encoder", "decoder step", ...; nullptr: nothing.
  std::chrono::nanoseconds time{0};  ///< For so long.
};

/// One model prepared on one device, shared by all transcribers in the process: it batches their
/// encoder windows and decoder steps. Thread-safe.
class NPUWHISPER_API Engine {
 public:
  /// Loads and prepares, or returns the engine that was opened with the same options and is still
  /// in use somewhere. Takes as long as the model needs (base: about a second), so call it off the
  /// streaming thread. Two callers with the same options wait for one load.
  /// Errors: NotFound (no such model or device), CorruptModel, Unsupported, Unavailable.
  static Result<std::shared_ptr<Engine>> open(const EngineOptions& options);

  virtual ~Engine() = default;
  virtual const DeviceInfo& device() const = 0;
  virtual DeviceStats device_stats() const = 0;
  /// What it is doing at this moment, for any of its transcribers. Never blocks.
  virtual DeviceActivity device_activity() const = 0;
  /// The folder that the model came from.
  virtual const std::filesystem::path& model_path() const = 0;
  virtual bool is_multilingual() const = 0;
  /// True if the model transcribes this language ("en", "de", ...); "en" alone if it is English-only.
  virtual bool has_language(std::string_view code) const = 0;
  /// The plan as text: each operation, where it runs and why.
  virtual std::string describe_plan() const = 0;
};

/// The folder of model `name_or_path`: a path is taken as it is; a name is looked for in
/// $NPUWHISPER_MODEL_DIR, $XDG_CACHE_HOME/npuwhisper (~/.cache/npuwhisper) and the Hugging Face
/// cache of faster-whisper. NotFound lists the places and says how to fetch the model.
NPUWHISPER_API Result<std::filesystem::path> find_model(const std::string& name_or_path);

}  // namespace npuwhisper
