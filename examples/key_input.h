// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>
#include <termios.h>

#include <functional>
#include <optional>
#include <string>

namespace npuwhisper::player {

enum class Key { Pause, Back, Forward, Language, Task, Captions, Quit };

/// The key that a terminal sends as `bytes`, or a window calls by that name.
std::optional<Key> key_named(const std::string& bytes);

/// Calls `pressed` on the main loop for each key that stdin gives, until stdin ends. A terminal is
/// taken out of its line mode for as long as this lives. Thread-bound.
class KeyInput {
 public:
  explicit KeyInput(std::function<void(Key)> pressed);
  ~KeyInput();
  KeyInput(const KeyInput&) = delete;
  KeyInput& operator=(const KeyInput&) = delete;

 private:
  static gboolean on_readable(gint fd, GIOCondition condition, gpointer self);

  std::function<void(Key)> pressed_;
  std::optional<termios> line_mode_;
  guint source_ = 0;
};

}  // namespace npuwhisper::player
