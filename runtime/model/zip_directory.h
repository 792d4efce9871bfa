// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <npuwhisper/result.h>

#include "model/regular_file.h"

namespace npuwhisper {

/// The place of a member's data in a zip archive.
struct ZipMember {
  std::uint64_t offset = 0;
  std::uint64_t n_bytes = 0;
};

/// Returns whether the file begins like a zip archive.
bool is_zip(const RegularFile& file);

/// Reads the directory of a zip archive (APPNOTE 6.3.10, with ZIP64) whose members are not
/// compressed, such as the files of torch.save(). The archive is not trusted: whatever it contains,
/// the returned members are within the file and do not overlap, and their names are different.
/// Reentrant. Errors: CorruptModel, Unsupported (compressed or encrypted members, several disks),
/// Unavailable (the file cannot be read). Messages do not name the file.
Result<std::map<std::string, ZipMember>> read_zip_directory(const RegularFile& file);

}  // namespace npuwhisper
