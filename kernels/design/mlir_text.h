// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace npuwhisper::npu {

/// Builds text of indented lines.
class MlirText {
 public:
  void line(std::string_view text) {
    text_.append(static_cast<std::size_t>(2 * depth_), ' ');
    text_ += text;
    text_ += '\n';
  }
  void blank() { text_ += '\n'; }
  void open(std::string_view text) {
    line(text);
    ++depth_;
  }
  void close(std::string_view text = "}") {
    --depth_;
    line(text);
  }
  /// Writes a block's label, indented one level less.
  void label(std::string_view name) {
    --depth_;
    line(std::string(name) + ":");
    ++depth_;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_{};
  int depth_ = 0;
};

inline std::string tile_name(int column, int row) {
  return "%tile_" + std::to_string(column) + "_" + std::to_string(row);
}
/// Returns the name of an item of a tile, such as "%a_full_0_2".
inline std::string at_tile(std::string_view name, int column, int row) {
  return "%" + std::string(name) + "_" + std::to_string(column) + "_" + std::to_string(row);
}

}  // namespace npuwhisper::npu
