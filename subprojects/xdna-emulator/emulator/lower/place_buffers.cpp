// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <set>

#include "emulator/lower/place.h"

namespace npuwhisper::emu::lowering {
namespace {

using npu::TileId;
using npu::TileKind;

// The alignment of addresses in bytes and the number of banks are from mlir-aie's AIETargetModel.
constexpr std::int64_t kCoreAlignment = 32;
constexpr std::int64_t kMemAlignment = 4;
constexpr int kCoreBanks = 4;
constexpr int kMemBanks = 8;

std::string hex(std::int64_t value) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string digits;
  do {
    digits.insert(digits.begin(), kDigits[value & 15]);
    value >>= 4;
  } while (value != 0);
  return "0x" + digits;
}

/// Places the buffers of one tile.
class TilePlacer {
 public:
  TilePlacer(DeviceDraft& draft, TileId tile) : draft_(draft), tile_(tile) {
    const TileKind kind = draft.array->kind(tile);
    size_ = draft.array->limits(kind).memory_bytes;
    alignment_ = kind == TileKind::Mem ? kMemAlignment : kCoreAlignment;
    n_banks_ = kind == TileKind::Mem ? kMemBanks : kCoreBanks;
    if (const CoreDraft* core = draft.find_core(tile)) {
      stack_ = core->stack_bytes;
    }
    for (const int index : draft.buffer_order) {
      BufferDraft& buffer = draft.buffers[static_cast<std::size_t>(index)];
      if (buffer.tile == tile) {
        buffers_.push_back(&buffer);
      }
    }
  }

  void place() {
    const auto scheme = draft_.allocation_schemes.find(tile_);
    const std::string wanted =
        scheme == draft_.allocation_schemes.end() ? draft_.allocation_scheme : scheme->second;
    std::string problem;
    if (wanted != "basic-sequential") {
      problem = bank_aware();
      if (problem.empty()) {
        problem = check();
      }
      if (problem.empty()) {
        return;
      }
      if (wanted == "bank-aware") {
        refuse(line_, "'aie.tile' op: Bank-aware allocation failed on tile " + to_string(tile_) +
                          ": " + problem);
      }
      for (BufferDraft* buffer : floating_) {
        buffer->address.reset();
      }
    }
    problem = sequential();
    if (problem.empty()) {
      problem = check();
    }
    if (!problem.empty()) {
      refuse(line_, "'aie.tile' op: Basic sequential allocation" +
                        std::string(wanted.empty() ? " also" : "") + " failed on tile " +
                        to_string(tile_) + ": " + problem);
    }
  }

 private:
  std::int64_t align(const BufferDraft& buffer, std::int64_t address) const {
    return buffer.aligned ? (address + alignment_ - 1) / alignment_ * alignment_ : address;
  }

  /// Keeps the address of each buffer that has one. Places each buffer that names a bank in that
  /// bank. Places all other buffers, largest first, in successive banks. Returns an error message,
  /// empty on success.
  std::string bank_aware() {
    const std::int64_t bank_size = size_ / n_banks_;
    std::vector<std::int64_t> next;
    for (int bank = 0; bank < n_banks_; ++bank) {
      next.push_back(bank * bank_size);
    }
    next[0] += stack_;
    std::vector<BufferDraft*> pinned;
    std::vector<BufferDraft*> banked;
    for (BufferDraft* buffer : buffers_) {
      if (buffer->address) {
        pinned.push_back(buffer);
      } else if (buffer->bank) {
        banked.push_back(buffer);
      } else {
        floating_.push_back(buffer);
      }
    }
    std::stable_sort(pinned.begin(), pinned.end(), [](const BufferDraft* a, const BufferDraft* b) {
      return *a->address < *b->address;
    });
    for (const BufferDraft* buffer : pinned) {
      line_ = buffer->line;
      const std::int64_t bank = *buffer->address / bank_size;
      if (bank >= n_banks_) {
        return "address attribute of '" + buffer->name + "' does not fall within any bank range";
      }
      if (*buffer->address < next[static_cast<std::size_t>(bank)]) {
        return "'" + buffer->name + "' would override allocated address";
      }
      if (buffer->bank && *buffer->bank != bank) {
        return "mem_bank attribute of '" + buffer->name +
               "' is inconsistent with address attribute";
      }
      next[static_cast<std::size_t>(bank)] = *buffer->address + buffer->bytes;
    }
    for (BufferDraft* buffer : banked) {
      line_ = buffer->line;
      if (*buffer->bank >= n_banks_) {
        return "mem_bank attribute value of '" + buffer->name + "' is out of range";
      }
      std::int64_t& cursor = next[static_cast<std::size_t>(*buffer->bank)];
      const std::int64_t address = align(*buffer, cursor);
      if (address + buffer->bytes > (*buffer->bank + 1) * bank_size) {
        return "'" + buffer->name + "' would override existing mem_bank";
      }
      buffer->address = address;
      cursor = address + buffer->bytes;
    }
    std::vector<BufferDraft*> order = floating_;
    std::stable_sort(order.begin(), order.end(), [](const BufferDraft* a, const BufferDraft* b) {
      return a->bytes > b->bytes;
    });
    int bank = 0;
    for (BufferDraft* buffer : order) {
      line_ = buffer->line;
      for (int tried = 0; tried < n_banks_ && !buffer->address; ++tried) {
        std::int64_t& cursor = next[static_cast<std::size_t>(bank)];
        const std::int64_t address = align(*buffer, cursor);
        if (address + buffer->bytes <= (bank + 1) * bank_size) {
          buffer->address = address;
          cursor = address + buffer->bytes;
        }
        bank = (bank + 1) % n_banks_;
      }
      if (!buffer->address) {
        return "no bank has room for '" + buffer->name + "'";
      }
    }
    return "";
  }

  /// Places buffers upwards from the stack's end, largest first, around the buffers that already
  /// have an address. Always returns an empty error message.
  std::string sequential() {
    std::vector<const BufferDraft*> pinned;
    std::vector<BufferDraft*> order;
    for (BufferDraft* buffer : buffers_) {
      if (buffer->address) {
        pinned.push_back(buffer);
      } else {
        order.push_back(buffer);
      }
    }
    std::stable_sort(order.begin(), order.end(), [](const BufferDraft* a, const BufferDraft* b) {
      return a->bytes > b->bytes;
    });
    std::stable_sort(pinned.begin(), pinned.end(), [](const BufferDraft* a, const BufferDraft* b) {
      return *a->address < *b->address;
    });
    std::int64_t address = stack_;
    auto obstacle = pinned.begin();
    for (BufferDraft* buffer : order) {
      address = align(*buffer, address);
      while (obstacle != pinned.end() && address + buffer->bytes > *(*obstacle)->address) {
        address = std::max(address, align(*buffer, *(*obstacle)->address + (*obstacle)->bytes));
        ++obstacle;
      }
      buffer->address = address;
      address += buffer->bytes;
    }
    return "";
  }

  /// Checks alignment, overlaps and the end of memory. Returns an error message, empty on
  /// success.
  std::string check() {
    std::vector<const BufferDraft*> sorted(buffers_.begin(), buffers_.end());
    std::stable_sort(sorted.begin(), sorted.end(), [](const BufferDraft* a, const BufferDraft* b) {
      return *a->address < *b->address;
    });
    std::int64_t end = 0;
    const BufferDraft* last = nullptr;
    for (const BufferDraft* buffer : sorted) {
      line_ = buffer->line;
      const std::int64_t address = *buffer->address;
      const std::string name = "buffer '" + buffer->name + "' at address " + hex(address);
      if (address < stack_) {
        return name + " overlaps with stack (size: " + std::to_string(stack_) + " bytes)";
      }
      if (buffer->aligned && address % alignment_ != 0) {
        return name + " is not aligned to tile load/store bus width (" +
               std::to_string(alignment_ * 8) + " bits)";
      }
      if (last != nullptr && address < end) {
        return name + " overlaps with '" + last->name + "' at address " + hex(*last->address) +
               " (size: " + std::to_string(last->bytes) + " bytes)";
      }
      last = buffer;
      end = address + buffer->bytes;
      if (end > size_) {
        return "allocated buffers exceeded available memory (" + std::to_string(size_) +
               " bytes); " + memory_map(sorted);
      }
    }
    return "";
  }

  std::string memory_map(const std::vector<const BufferDraft*>& sorted) const {
    std::string map = "MemoryMap: ";
    map += stack_ > 0 ? "(stack) 0x0-" + hex(stack_ - 1) : std::string("(no stack allocated)");
    for (const BufferDraft* buffer : sorted) {
      map += ", " + buffer->name + " " + hex(*buffer->address) + "-" +
             hex(*buffer->address + buffer->bytes - 1);
    }
    return map;
  }

  DeviceDraft& draft_;
  TileId tile_;
  std::int64_t size_ = 0;
  std::int64_t alignment_ = 4;
  int n_banks_ = 1;
  std::int64_t stack_ = 0;
  int line_ = 0;
  std::vector<BufferDraft*> buffers_{};
  std::vector<BufferDraft*> floating_{};
};

}  // namespace

void check_scheme(std::string_view scheme, int line) {
  if (!scheme.empty() && scheme != "basic-sequential" && scheme != "bank-aware") {
    refuse_unmodelled(line, "allocation scheme '" + std::string(scheme) + "'");
  }
}

void place_buffers(DeviceDraft& draft) {
  std::set<TileId> tiles;
  for (const BufferDraft& buffer : draft.buffers) {
    tiles.insert(buffer.tile);
  }
  for (const TileId tile : tiles) {
    TilePlacer(draft, tile).place();
  }
}

std::uint32_t place_data(const DeviceDraft& draft, TileId tile, std::uint32_t used,
                         std::int64_t bytes, int line) {
  std::int64_t end = used;
  if (const CoreDraft* core = draft.find_core(tile)) {
    end = std::max<std::int64_t>(end, core->stack_bytes);
  }
  for (const BufferDraft& buffer : draft.buffers) {
    if (buffer.tile == tile) {
      end = std::max(end, *buffer.address + buffer.bytes);
    }
  }
  end = (end + kCoreAlignment - 1) / kCoreAlignment * kCoreAlignment;
  if (end + bytes > draft.array->core.memory_bytes) {
    refuse(line, "'aie.tile' op: allocated buffers exceeded available memory (" +
                     std::to_string(draft.array->core.memory_bytes) + " bytes) on tile " +
                     to_string(tile) + ": no room for " + std::to_string(bytes) +
                     " bytes of constants");
  }
  return static_cast<std::uint32_t>(end);
}

}  // namespace npuwhisper::emu::lowering
