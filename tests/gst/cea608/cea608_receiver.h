// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace npuwhisper::test {

/// A caption receiver for CC1, written from CTA-608-E independently of the encoder. It decodes byte
/// pairs into the screen that a viewer would see, and reports the first fault in them.
class Cea608Receiver {
 public:
  void feed(std::uint8_t first, std::uint8_t second);

  /// Returns the shown rows from top to bottom, without empty rows and without spaces at their
  /// ends.
  std::vector<std::string> screen() const;
  /// Returns the first row (0 to 14) that shows text, and the column where its text begins.
  std::optional<std::pair<int, int>> origin() const;
  /// Returns the first fault, or an empty string. Examples of faults are wrong parity, a control
  /// code that is not repeated, an unknown code, and a character without a mode or beyond column
  /// 32.
  const std::string& complaint() const { return complaint_; }

 private:
  static constexpr int kRows = 15;
  static constexpr int kColumns = 32;
  enum class Mode { None, PopOn, PaintOn, RollUp };
  using Memory = std::array<std::array<char32_t, kColumns>, kRows>;

  void complain(const std::string& what);
  void code(int first, int second);
  void miscellaneous(int second);
  void preamble(int first, int second);
  void roll_up(int depth);
  void carriage_return();
  void write(char32_t character);
  void backspace();
  Memory& target() { return mode_ == Mode::PopOn ? hidden_ : shown_; }

  Memory shown_{};
  Memory hidden_{};
  Mode mode_ = Mode::None;
  int depth_ = 0;
  int row_ = kRows - 1;
  int column_ = 0;
  std::pair<int, int> last_code_{0, 0};  // {0, 0} after text, padding or a repeated code.
  std::string complaint_;
};

}  // namespace npuwhisper::test
