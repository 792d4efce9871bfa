// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper {

/// Index of a value in PickleValues.
using PickleId = std::uint32_t;

/// A value that a pickle describes. Values refer to other values by index, so a value may contain
/// itself.
struct PickleValue {
  enum class Kind : std::uint8_t {
    Other,       ///< None, a Boolean, a floating-point number, a large integer or an object.
    Integer,     ///< `number`
    String,      ///< `text`
    Tuple,       ///< `items`
    List,        ///< `items`
    Dictionary,  ///< `entries`
    Global,      ///< `text`: a class or function, "module.name"
    Persistent,  ///< `items[0]`: the ID of an object that the pickle does not contain
    Call,        ///< `items[0]`: the function, `items[1]`: the arguments, `entries`: set later
  };

  Kind kind = Kind::Other;
  std::int64_t number = 0;
  std::string text;
  std::vector<PickleId> items;
  std::vector<PickleId> entries;  ///< Keys and values, alternating.
};

using PickleValues = std::vector<PickleValue>;

struct Pickle {
  PickleValues values;
  PickleId top = 0;  ///< The value that the pickle describes.
};

/// Reads a pickle of protocol 2 (Python's pickletools.py) as data: calls and classes become values,
/// and nothing is run. Understands the operations of checkpoints that torch.save() writes. Takes up
/// to 120 bytes of memory for each byte of the pickle. Reentrant. Errors: CorruptModel (ends too
/// early, uses a value that is not there), Unsupported (another protocol or operation). The message
/// has the position.
Result<Pickle> read_pickle(std::string_view pickle);

}  // namespace npuwhisper
