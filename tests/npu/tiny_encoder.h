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

/// The encoder of a tiny model, prepared on the NPU as the engine prepares it. Its input never
/// changes, so every window must produce the same output.
class TinyEncoder {
 public:
  /// Loads the model in `folder` and prepares its encoder. Errors: those of Model::load(),
  /// open_device(), Device::prepare() and Executable::allocate().
  Result<void> prepare(const std::filesystem::path& folder);

  /// Encodes one window. Overwrites the previous output first. Errors: those of Executable::start()
  /// and Run::wait().
  Result<void> run();
  std::string output() const;  ///< Returns the output's bytes.

 private:
  std::shared_ptr<const Model> model_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Executable> executable_;
  std::unique_ptr<Buffer> input_;
  std::unique_ptr<Buffer> output_;
};

}  // namespace npuwhisper::test
