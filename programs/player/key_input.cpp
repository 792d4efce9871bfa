// SPDX-License-Identifier: LGPL-2.1-or-later
#include "key_input.h"

#include <glib-unix.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace npuwhisper::player {
namespace {

struct Name {
  const char* name;
  Key key;
};
// A terminal sends arrow keys as escape sequences. A window reports keys by name.
constexpr std::array kNames = {
    Name{" ", Key::Pause},        Name{"space", Key::Pause},   Name{"\x1b[D", Key::Back},
    Name{"\x1bOD", Key::Back},    Name{"Left", Key::Back},     Name{"\x1b[C", Key::Forward},
    Name{"\x1bOC", Key::Forward}, Name{"Right", Key::Forward}, Name{"l", Key::Language},
    Name{"t", Key::Task},         Name{"c", Key::Captions},    Name{"q", Key::Quit},
    Name{"Q", Key::Quit},         Name{"Escape", Key::Quit},
};

// Removes and returns the first key of a burst of input. An escape sequence is one key of three
// bytes.
std::string next_key(std::string& bytes) {
  const std::size_t n = bytes[0] == '\x1b' && bytes.size() >= 3 ? 3 : 1;
  std::string key = bytes.substr(0, n);
  bytes.erase(0, n);
  return key;
}

}  // namespace

std::optional<Key> key_named(const std::string& bytes) {
  for (const Name& name : kNames) {
    if (bytes == name.name) return name.key;
  }
  return std::nullopt;
}

KeyInput::KeyInput(std::function<void(Key)> pressed) : pressed_(std::move(pressed)) {
  source_ =
      g_unix_fd_add(STDIN_FILENO, static_cast<GIOCondition>(G_IO_IN | G_IO_HUP), on_readable, this);
}

KeyInput::~KeyInput() {
  if (source_ != 0) g_source_remove(source_);
}

gboolean KeyInput::on_readable(gint fd, GIOCondition, gpointer self) {
  auto& input = *static_cast<KeyInput*>(self);
  std::array<char, 64> read_bytes{};
  const ssize_t n = read(fd, read_bytes.data(), read_bytes.size());
  if (n <= 0) {
    input.source_ = 0;
    return G_SOURCE_REMOVE;
  }
  std::string bytes(read_bytes.data(), static_cast<std::size_t>(n));
  while (!bytes.empty()) {
    if (const auto key = key_named(next_key(bytes))) input.pressed_(*key);
  }
  return G_SOURCE_CONTINUE;
}

}  // namespace npuwhisper::player
