// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "device/registry.h"
#include "model/model.h"

namespace npuwhisper::test {

/// The encoder of a tiny model, prepared on the NPU as the engine does it, with an input that never
/// changes. Every window must give the same output.
class TinyEncoder {
 public:
  /// Errors: as those of Model::load(), open_device() and Device::prepare().
  Result<void> prepare(const std::filesystem::path& folder);

  /// One window, into an output that held something else before. Errors: as those of
  /// Executable::start() and Run::wait().
  Result<void> run();
  std::string output() const;  ///< Its bytes.

 private:
  std::shared_ptr<const Model> model_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Executable> executable_;
  std::unique_ptr<Buffer> input_;
  std::unique_ptr<Buffer> output_;
};

}  // namespace npuwhisper::test
