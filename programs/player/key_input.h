// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

#include <functional>
#include <optional>
#include <string>

#include "key_mode.h"

namespace npuwhisper::player {

enum class Key { Pause, Back, Forward, Language, Task, Captions, Quit };

/// Returns the key that a terminal sends as `bytes`, or whose name in a window is `bytes`. Returns
/// nullopt if no key matches.
std::optional<Key> key_named(const std::string& bytes);

/// Calls `pressed` on the main loop for each key read from stdin, until stdin ends. While this
/// object lives, a terminal delivers keys one by one (KeyMode). Use the object from one thread.
class KeyInput {
 public:
  explicit KeyInput(std::function<void(Key)> pressed);
  ~KeyInput();
  KeyInput(const KeyInput&) = delete;
  KeyInput& operator=(const KeyInput&) = delete;

 private:
  static gboolean on_readable(gint fd, GIOCondition condition, gpointer self);

  std::function<void(Key)> pressed_;
  const KeyMode mode_;
  guint source_ = 0;
};

}  // namespace npuwhisper::player
