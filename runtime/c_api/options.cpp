// SPDX-License-Identifier: LGPL-2.1-or-later
// The functions of npuwhisper/c_api.h that concern options.
#include "c_api/options.h"

#include <algorithm>
#include <new>
#include <string>

#include "c_api/calls.h"

namespace npuwhisper {
namespace {

Failure unknown_option(std::string_view name) {
  std::string message = "option: found '" + std::string(name) + "', wanted one of ";
  for (const Option& option : option_table()) {
    if (&option != option_table().data()) message += ", ";
    message += option.name;
  }
  return fail(ErrorCode::InvalidArgument, std::move(message));
}

Result<void> set_option(npuwhisper_options& options, std::string_view name, std::string_view text) {
  const auto table = option_table();
  const auto found = std::ranges::find(table, name, &Option::name);
  if (found == table.end()) return unknown_option(name);
  return found->set(options, name, text);
}

std::function<std::int64_t()> waiting_samples(npuwhisper_waiting_callback callback,
                                              void* user_data) {
  if (callback == nullptr) return {};
  return [callback, user_data] { return callback(user_data); };
}

}  // namespace
}  // namespace npuwhisper

npuwhisper_options* npuwhisper_options_new() {
  try {
    return std::make_unique<npuwhisper_options>().release();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void npuwhisper_options_free(npuwhisper_options* options) {
  delete options;
}

npuwhisper_error* npuwhisper_options_set(npuwhisper_options* options, const char* name,
                                         const char* value) {
  return npuwhisper::call("npuwhisper_options_set", [&]() -> npuwhisper::Result<void> {
    if (options == nullptr) return npuwhisper::null_parameter("options");
    if (name == nullptr) return npuwhisper::null_parameter("name");
    if (value == nullptr) return npuwhisper::null_parameter("value");
    return npuwhisper::set_option(*options, name, value);
  });
}

const char* npuwhisper_option_name(std::size_t index) {
  const auto table = npuwhisper::option_table();
  return index < table.size() ? table[index].name : nullptr;
}

npuwhisper_error* npuwhisper_options_set_waiting_callback(npuwhisper_options* options,
                                                          npuwhisper_waiting_callback callback,
                                                          void* user_data) {
  return npuwhisper::call(
      "npuwhisper_options_set_waiting_callback", [&]() -> npuwhisper::Result<void> {
        if (options == nullptr) return npuwhisper::null_parameter("options");
        options->transcriber.samples_waiting = npuwhisper::waiting_samples(callback, user_data);
        return {};
      });
}
