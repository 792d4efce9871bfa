// SPDX-License-Identifier: LGPL-2.1-or-later
// An input is one control byte followed by the body of a form with the boundary "x". The control
// byte sets the length of the pieces in which the body is read the second time.
#include <algorithm>
#include <string>
#include <utility>

#include "harness.h"
#include "programs/server/form_data.h"

namespace npuwhisper::fuzz {
namespace {

/// What a form contains: its parts as text, and whether it is complete.
struct Reading {
  std::string parts;
  bool is_complete = false;

  bool operator==(const Reading&) const = default;
};

/// Reads the body in pieces of `n_piece` bytes.
Reading read(std::string_view body, std::size_t n_piece) {
  Reading reading;
  std::size_t n_fields = 0;
  server::FormData::Events events{
      .field = [&](const std::string& name, std::string value) -> Result<void> {
        n_fields += name.size() + value.size();
        require(n_fields <= server::FormData::kMaxFields, "fields within their limit");
        reading.parts += "field " + name + "=" + value + "\n";
        return {};
      },
      .file = [&](const std::string& name) -> Result<void> {
        reading.parts += "file " + name + "\n";
        return {};
      },
      .bytes = [&](std::span<const char> bytes) -> Result<void> {
        reading.parts.append(bytes.data(), bytes.size());
        return {};
      }};
  auto form = server::FormData::create("multipart/form-data; boundary=x", std::move(events));
  require(form.has_value(), "a form with a valid type");
  while (!body.empty()) {
    const std::string_view piece = body.substr(0, n_piece);
    body.remove_prefix(piece.size());
    if (const auto added = form->add(piece); !added) {
      require(!added.error().message.empty(), "an error with a message");
      return reading;
    }
  }
  reading.is_complete = form->finish().has_value();
  return reading;
}

}  // namespace
}  // namespace npuwhisper::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace npuwhisper::fuzz;
  if (size == 0) return 0;
  const std::string_view body = text_of(data + 1, size - 1);
  const Reading whole = read(body, std::max<std::size_t>(1, body.size()));
  const Reading pieces = read(body, std::max<std::size_t>(1, data[0]));
  // libsoup replaces each byte of a name that is not UTF-8 with a character of three bytes.
  require(whole.parts.size() <= 3 * size, "no more parts than the body contains");
  require(whole == pieces, "the same parts, however the body is split");
  return 0;
}
