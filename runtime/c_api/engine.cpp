// SPDX-License-Identifier: LGPL-2.1-or-later
// The functions of npuwhisper/c_api.h that concern models and engines.
#include <npuwhisper/engine.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "c_api/calls.h"

namespace npuwhisper {
namespace {

const EngineOptions& engine_options(const npuwhisper_options* options) {
  static const EngineOptions defaults;
  return options != nullptr ? options->engine : defaults;
}

/// Returns a copy that npuwhisper_string_free() frees. Throws std::bad_alloc.
char* copy_string(std::string_view text) {
  auto copy = std::make_unique<char[]>(text.size() + 1);  // All elements are initially zero.
  std::ranges::copy(text, copy.get());
  return copy.release();
}

}  // namespace
}  // namespace npuwhisper

npuwhisper_error* npuwhisper_find_model(const char* name_or_path, char** path,
                                        std::size_t* length) {
  if (path != nullptr) *path = nullptr;
  return npuwhisper::call("npuwhisper_find_model", [&]() -> npuwhisper::Result<void> {
    if (name_or_path == nullptr) return npuwhisper::null_parameter("name_or_path");
    if (path == nullptr) return npuwhisper::null_parameter("path");
    const auto found = npuwhisper::find_model(name_or_path);
    if (!found) return npuwhisper::fail(found.error());
    *path = npuwhisper::copy_string(found->native());
    if (length != nullptr) *length = found->native().size();
    return {};
  });
}

npuwhisper_error* npuwhisper_memory_needed(const npuwhisper_options* options,
                                           std::uint64_t* bytes) {
  return npuwhisper::call("npuwhisper_memory_needed", [&]() -> npuwhisper::Result<void> {
    if (bytes == nullptr) return npuwhisper::null_parameter("bytes");
    const auto need = npuwhisper::Engine::memory_needed(npuwhisper::engine_options(options));
    if (!need) return npuwhisper::fail(need.error());
    *bytes = need->peak_bytes();
    return {};
  });
}

npuwhisper_error* npuwhisper_engine_open(const npuwhisper_options* options,
                                         npuwhisper_engine** engine) {
  return npuwhisper::create(
      "npuwhisper_engine_open", engine, [&]() -> npuwhisper::Result<npuwhisper_engine> {
        auto opened = npuwhisper::Engine::open(npuwhisper::engine_options(options));
        if (!opened) return npuwhisper::fail(opened.error());
        return npuwhisper_engine{std::move(*opened)};
      });
}

void npuwhisper_engine_free(npuwhisper_engine* engine) {
  delete engine;
}

const char* npuwhisper_engine_device_kind(const npuwhisper_engine* engine) {
  if (engine == nullptr) return "";
  return npuwhisper::to_string(engine->engine->device().kind).data();
}

const char* npuwhisper_engine_device_name(const npuwhisper_engine* engine, std::size_t* length) {
  if (engine == nullptr) return npuwhisper::give_nothing(length);
  return npuwhisper::give(engine->engine->device().name, length);
}

const char* npuwhisper_engine_model_path(const npuwhisper_engine* engine, std::size_t* length) {
  if (engine == nullptr) return npuwhisper::give_nothing(length);
  return npuwhisper::give(engine->engine->model_path().native(), length);
}

bool npuwhisper_engine_has_language(const npuwhisper_engine* engine, const char* code) {
  return engine != nullptr && code != nullptr && engine->engine->has_language(code);
}
