// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace npuwhisper::player {

/// Takes a terminal on stdin out of line mode while this object lives. The terminal then delivers
/// keys immediately and does not echo them. Does nothing if stdin is not a terminal. Restores the
/// mode of the terminal when the program ends, by exit() or by a signal, and while the program is
/// stopped (Ctrl-Z). Only SIGKILL leaves the mode changed. Signals keep their effect. Signals that
/// other code handles or ignores are left alone. While the program runs in the background, the
/// terminal is not touched. At most one object may live at a time.
class KeyMode {
 public:
  KeyMode();
  ~KeyMode();
  KeyMode(const KeyMode&) = delete;
  KeyMode& operator=(const KeyMode&) = delete;
};

}  // namespace npuwhisper::player
