// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace npuwhisper::player {

/// Takes the terminal on stdin, if it is one, out of its line mode for as long as this lives: keys
/// come at once and are not shown. The terminal has its mode back whatever ends the program, be it
/// exit() or a signal, and for as long as it is stopped (Ctrl-Z); SIGKILL alone leaves it as it is.
/// Signals keep what they do, and those that somebody else handles or ignores are left alone. In
/// the background the terminal is somebody else's and is not touched. One at a time.
class KeyMode {
 public:
  KeyMode();
  ~KeyMode();
  KeyMode(const KeyMode&) = delete;
  KeyMode& operator=(const KeyMode&) = delete;
};

}  // namespace npuwhisper::player
