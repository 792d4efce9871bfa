// SPDX-License-Identifier: LGPL-2.1-or-later
#include <array>
#include <cstdio>
#include <string>

#include "array/transaction.h"
#include "array/transaction_format.h"

namespace npuwhisper::npu {
namespace {

std::string hex(std::uint32_t value) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "0x%08x", value);
  return text.data();
}

/// Reads the words of a stream in order and rejects invalid words.
class Decoder {
 public:
  explicit Decoder(std::span<const std::uint32_t> words) : words_(words) {}

  Result<std::vector<Instruction>> run() {
    if (auto header = read_header(); !header) return fail(header.error());
    std::vector<Instruction> instructions;
    instructions.reserve(n_operations_);
    for (std::uint32_t i = 0; i < n_operations_; ++i) {
      if (at_ >= words_.size()) {
        return refuse("operation " + std::to_string(i), "the end of the stream",
                      std::to_string(n_operations_) + " operations");
      }
      auto instruction = read_operation();
      if (!instruction) return fail(instruction.error());
      instructions.push_back(std::move(*instruction));
    }
    if (at_ != words_.size()) {
      return refuse("after the last operation", std::to_string(words_.size() - at_) + " words",
                    "none");
    }
    return instructions;
  }

 private:
  Result<void> read_header() {
    if (words_.size() < kHeaderWords) {
      return refuse("header", std::to_string(words_.size()) + " words", "at least 4");
    }
    const std::uint32_t version = words_[0] & 0xffff;
    if (version != 0x0100 && version != 0x0001) {
      return refuse(
          "header",
          "version " + std::to_string(version & 0xff) + "." + std::to_string(version >> 8),
          "0.1 or 1.0");
    }
    short_form_ = version == 0x0001;
    if (const std::uint32_t generation = words_[0] >> 16 & 0xff;
        generation != 3 && generation != 4) {
      return refuse("header", "device generation " + std::to_string(generation), "3 or 4");
    }
    if (const std::uint32_t rows = words_[0] >> 24; rows != 6) {
      return refuse("header", std::to_string(rows) + " rows", "6");
    }
    at_ = 1;
    const std::uint32_t columns = words_[1] & 0xff;
    if (columns == 0 || columns > 8) {
      return refuse("header", std::to_string(columns) + " columns", "1 to 8");
    }
    if (words_[1] >> 8 != kMemTileRows) {
      return refuse("header", hex(words_[1]), "one row of memory tiles");
    }
    at_ = 2;
    n_operations_ = words_[2];
    if (n_operations_ > words_.size()) {
      return refuse("header", std::to_string(n_operations_) + " operations",
                    "at most " + std::to_string(words_.size()) + ", as many as there are words");
    }
    at_ = 3;
    if (words_[3] != words_.size() * 4) {
      return refuse("header", "a size of " + std::to_string(words_[3]) + " bytes",
                    std::to_string(words_.size() * 4));
    }
    at_ = kHeaderWords;
    return {};
  }

  Result<Instruction> read_operation() {
    const std::uint32_t opcode = words_[at_] & 0xff;
    switch (opcode) {
      case kWrite:
        return read_write();
      case kBlockWrite:
        return read_block_write();
      case kMaskWrite:
        return read_masked<MaskWrite>("mask write");
      case kMaskPoll:
        return read_masked<MaskPoll>("mask poll");
      case kNoop:
        return read_noop();
      case kPreempt:
        return read_preempt();
      case kLoadPdi:
        return read_load_pdi();
      case kTaskCompleteToken:
        return read_sync();
      case kDdrPatch:
        return read_patch();
      default:
        return fail(ErrorCode::Unsupported, "instruction stream, word " + std::to_string(at_) +
                                                ": operation " + hex(opcode) + " is not modelled");
    }
  }

  Result<Instruction> read_write() {
    const std::uint32_t size = short_form_ ? 3 : 6;
    if (auto r = begin("write", size); !r) return fail(r.error());
    const std::uint32_t address = short_form_ ? word(1) : word(2);
    if (auto r = check_location(address); !r) return fail(r.error());
    const Write32 op{address, short_form_ ? word(2) : word(4)};
    if (!short_form_) {
      if (auto r = want(3, 0, "upper half of the address"); !r) return fail(r.error());
      if (auto r = want(5, size * 4, "size"); !r) return fail(r.error());
    }
    at_ += size;
    return Instruction{op};
  }

  Result<Instruction> read_block_write() {
    const std::uint32_t header = short_form_ ? 3 : 4;
    if (auto r = begin("block write", header); !r) return fail(r.error());
    const std::uint32_t address = short_form_ ? word(1) : word(2);
    const std::uint32_t size = word(header - 1);
    if (size % 4 != 0 || size / 4 <= header || size / 4 > words_.size() - at_) {
      at_ += header - 1;
      return refuse(
          "block write", "a size of " + std::to_string(size) + " bytes",
          "a multiple of 4, more than " + std::to_string(header * 4) + ", within the stream");
    }
    if (auto r = check_location(address); !r) return fail(r.error());
    if (!short_form_ && word(1) != 0) {  // aiecc repeats the tile here.
      const std::uint32_t column = address >> 25;
      const std::uint32_t row = address >> 20 & 0x1f;
      if (auto r = want(1, column | row << 8, "tile"); !r) return fail(r.error());
    }
    const auto values = words_.subspan(at_ + header, size / 4 - header);
    at_ += size / 4;
    return Instruction{BlockWrite{address, {values.begin(), values.end()}}};
  }

  template <typename Masked>
  Result<Instruction> read_masked(std::string_view name) {
    std::uint32_t size = short_form_ ? 4 : 7;
    if (auto r = begin(name, size); !r) return fail(r.error());
    const std::uint32_t address = short_form_ ? word(1) : word(2);
    if (auto r = check_location(address); !r) return fail(r.error());
    const Masked op =
        short_form_ ? Masked{address, word(2), word(3)} : Masked{address, word(4), word(5)};
    if (!short_form_) {
      if (auto r = want(3, 0, "upper half of the address"); !r) return fail(r.error());
      // aie-rt's struct ends with a word of padding; aiecc's struct does not.
      if (word(6) == 8 * 4) {
        size = 8;
        if (auto r = begin(name, size); !r) return fail(r.error());
      } else if (auto r = want(6, size * 4, "size"); !r) {
        return fail(r.error());
      }
    }
    at_ += size;
    return Instruction{op};
  }

  Result<Instruction> read_noop() {
    if (auto r = want(0, kNoop, "no-op"); !r) return fail(r.error());
    ++at_;
    return Instruction{Noop{}};
  }

  Result<Instruction> read_preempt() {
    if (words_[at_] >> 16 != 0) return refuse("preemption", hex(words_[at_]), "a level of 8 bits");
    return Instruction{Preempt{words_[at_++] >> 8}};
  }

  Result<Instruction> read_load_pdi() {
    if (auto r = begin("load of a PDI", 4); !r) return fail(r.error());
    if ((word(0) >> 8 & 0xff) != 0) return refuse("load of a PDI", hex(word(0)), "no flags");
    const LoadPdi op{word(0) >> 16, word(1), word(2) | std::uint64_t{word(3)} << 32};
    at_ += 4;
    return Instruction{op};
  }

  Result<Instruction> read_sync() {
    if (auto r = begin("sync", 4); !r) return fail(r.error());
    if (auto r = want(0, kTaskCompleteToken, "operation"); !r) return fail(r.error());
    if (auto r = want(1, 4 * 4, "size"); !r) return fail(r.error());
    if (word(2) >> 24 != 0 || (word(2) & 0xff) > 1) {
      at_ += 2;
      return refuse("sync", hex(words_[at_]), "direction 0 or 1, row, column");
    }
    if ((word(3) & 0xff) != 0) {
      at_ += 3;
      return refuse("sync", hex(words_[at_]), "rows, columns, channel");
    }
    const auto byte = [](std::uint32_t value, int lsb) {
      return static_cast<int>(value >> lsb & 0xff);
    };
    const Sync op{.tile = {byte(word(2), 16), byte(word(2), 8)},
                  .mm2s = (word(2) & 1) != 0,
                  .channel = byte(word(3), 24),
                  .n_rows = byte(word(3), 8),
                  .n_columns = byte(word(3), 16)};
    at_ += 4;
    return Instruction{op};
  }

  Result<Instruction> read_patch() {
    const std::uint32_t size = short_form_ ? 6 : 12;
    if (auto r = begin("address patch", size); !r) return fail(r.error());
    if (auto r = want(0, kDdrPatch, "operation"); !r) return fail(r.error());
    if (auto r = want(1, size * 4, "size"); !r) return fail(r.error());
    const std::uint32_t address = short_form_ ? 2 : 6;
    const std::uint32_t argument = short_form_ ? 3 : 8;
    const std::uint32_t offset = short_form_ ? 4 : 10;
    for (std::uint32_t i = 2; i < size; ++i) {
      if (i == address || i == argument || i == offset || i == offset + 1) continue;
      if (auto r = want(i, 0, "address patch"); !r) return fail(r.error());
    }
    if (word(argument) > 0xff) {
      at_ += argument;
      return refuse("address patch", "argument " + std::to_string(words_[at_]), "at most 255");
    }
    const PatchAddress op{word(address), static_cast<int>(word(argument)),
                          word(offset) | std::uint64_t{word(offset + 1)} << 32};
    at_ += size;
    return Instruction{op};
  }

  std::uint32_t word(std::uint32_t index) const { return words_[at_ + index]; }

  Result<void> begin(std::string_view name, std::uint32_t size) const {
    if (size <= words_.size() - at_) return {};
    return refuse(name, std::to_string(words_.size() - at_) + " words", std::to_string(size));
  }

  Result<void> want(std::uint32_t index, std::uint32_t wanted, std::string_view name) const {
    if (word(index) == wanted) return {};
    return fail(ErrorCode::InvalidArgument,
                "instruction stream, word " + std::to_string(at_ + index) + ": " +
                    std::string(name) + " is " + hex(word(index)) + ", expected " + hex(wanted));
  }

  /// Checks the column and row of a register operation. aie-rt writes the column and row beside the
  /// operation code; aiecc writes zeros.
  Result<void> check_location(std::uint32_t address) const {
    const std::uint32_t location = words_[at_] >> 8;
    const std::uint32_t column = address >> 25;
    const std::uint32_t row = address >> 20 & 0x1f;
    if (location == 0 || location == (column | row << 8)) return {};
    return refuse("operation", "tile " + hex(location),
                  "none or the tile of address " + hex(address));
  }

  Failure refuse(std::string_view name, const std::string& found, const std::string& wanted) const {
    return fail(ErrorCode::InvalidArgument, "instruction stream, word " + std::to_string(at_) +
                                                ": " + std::string(name) + " has " + found +
                                                ", expected " + wanted);
  }

  std::span<const std::uint32_t> words_;
  std::size_t at_ = 0;
  std::uint32_t n_operations_ = 0;
  bool short_form_ = false;
};

}  // namespace

Result<std::vector<Instruction>> decode(std::span<const std::uint32_t> words) {
  return Decoder(words).run();
}

}  // namespace npuwhisper::npu
