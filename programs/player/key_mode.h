// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace npuwhisper::player {

/// While this object lives, takes a terminal on stdin out of line mode: keys arrive immediately and
/// are not echoed. Does nothing if stdin is not a terminal. The terminal's mode is restored however
/// the program ends, by exit() or by a signal, and while the program is stopped (Ctrl-Z); only
/// SIGKILL leaves it changed. Signals keep their effect. Signals that other code handles or ignores
/// are left alone. While the program runs in the background, the terminal is not touched. At most
/// one object may live at a time.
class KeyMode {
 public:
  KeyMode();
  ~KeyMode();
  KeyMode(const KeyMode&) = delete;
  KeyMode& operator=(const KeyMode&) = delete;
};

}  // namespace npuwhisper::player
