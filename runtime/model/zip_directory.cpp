// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/zip_directory.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "model/utf8.h"

namespace npuwhisper {
namespace {

// Section numbers are those of APPNOTE.TXT 6.3.10.
constexpr std::uint32_t kLocalHeader = 0x04034b50;    // 4.3.7
constexpr std::uint32_t kCentralHeader = 0x02014b50;  // 4.3.12
constexpr std::uint32_t kEndRecord64 = 0x06064b50;    // 4.3.14
constexpr std::uint32_t kEndLocator64 = 0x07064b50;   // 4.3.15
constexpr std::uint32_t kEndRecord = 0x06054b50;      // 4.3.16
constexpr std::uint16_t kZip64Field = 0x0001;         // 4.5.3
constexpr std::size_t kLocalHeaderBytes = 30;
constexpr std::size_t kCentralHeaderBytes = 46;
constexpr std::size_t kEndRecordBytes = 22;
constexpr std::size_t kEndLocator64Bytes = 20;
constexpr std::size_t kEndRecord64Bytes = 56;
constexpr std::size_t kMaxCommentBytes = 0xffff;
constexpr std::uint32_t kIn64 = 0xffffffff;  // Marks a value that is in the ZIP64 field or record.
constexpr std::uint16_t kEncrypted = 1;

/// Limits of the directory. A checkpoint has one member for each tensor, and the large models have
/// about 1,300 tensors.
constexpr std::uint64_t kMaxMembers = 1 << 16;
constexpr std::uint64_t kMaxDirectoryBytes = 16 << 20;

Failure corrupt(const std::string& what) {
  return fail(ErrorCode::CorruptModel, "zip archive: " + what);
}

Failure unsupported(const std::string& what) {
  return fail(ErrorCode::Unsupported, "zip archive: " + what);
}

/// Reads a little-endian number; the caller has checked that it is within `bytes`.
template <typename T>
T number(std::span<const std::byte> bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

Result<std::vector<std::byte>> read(const RegularFile& file, std::uint64_t offset,
                                    std::uint64_t n_bytes) {
  if (offset > file.size() || n_bytes > file.size() - offset) {
    return corrupt("found a record of " + std::to_string(n_bytes) + " bytes at " +
                   std::to_string(offset) + ", wanted it within the file's " +
                   std::to_string(file.size()) + " bytes");
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>(n_bytes));
  if (auto done = file.read(offset, bytes); !done) return fail(done.error());
  return bytes;
}

struct Directory {
  std::uint64_t offset = 0;
  std::uint64_t n_bytes = 0;
  std::uint64_t n_members = 0;
};

/// Reads the ZIP64 end record. The ZIP64 locator contains the offset of this record. It comes
/// directly before the end record, which is at `end`.
Result<Directory> read_directory64(const RegularFile& file, std::uint64_t end) {
  if (end < kEndLocator64Bytes) return corrupt("found no ZIP64 locator");
  const auto locator = read(file, end - kEndLocator64Bytes, kEndLocator64Bytes);
  if (!locator) return fail(locator.error());
  if (number<std::uint32_t>(*locator, 0) != kEndLocator64) return corrupt("found no ZIP64 locator");
  const auto record = read(file, number<std::uint64_t>(*locator, 8), kEndRecord64Bytes);
  if (!record) return fail(record.error());
  if (number<std::uint32_t>(*record, 0) != kEndRecord64) {
    return corrupt("found no ZIP64 end record where the locator says");
  }
  return Directory{.offset = number<std::uint64_t>(*record, 48),
                   .n_bytes = number<std::uint64_t>(*record, 40),
                   .n_members = number<std::uint64_t>(*record, 32)};
}

Result<Directory> find_directory(const RegularFile& file) {
  if (file.size() < kEndRecordBytes) return corrupt("found no end record");
  const std::uint64_t n_tail =
      std::min<std::uint64_t>(file.size(), kEndRecordBytes + kMaxCommentBytes);
  const auto tail = read(file, file.size() - n_tail, n_tail);
  if (!tail) return fail(tail.error());
  // A comment may follow the end record. It extends to the end of the file.
  for (std::size_t at = tail->size() - kEndRecordBytes + 1; at-- > 0;) {
    if (number<std::uint32_t>(*tail, at) != kEndRecord) continue;
    const std::size_t n_comment = number<std::uint16_t>(*tail, at + 20);
    if (at + kEndRecordBytes + n_comment != tail->size()) continue;
    if (number<std::uint16_t>(*tail, at + 4) != 0) return unsupported("found several disks");
    const auto n_members = number<std::uint16_t>(*tail, at + 10);
    const auto n_bytes = number<std::uint32_t>(*tail, at + 12);
    const auto offset = number<std::uint32_t>(*tail, at + 16);
    if (n_members == 0xffff || n_bytes == kIn64 || offset == kIn64) {
      return read_directory64(file, file.size() - n_tail + at);
    }
    return Directory{.offset = offset, .n_bytes = n_bytes, .n_members = n_members};
  }
  return corrupt("found no end record");
}

/// A member as the directory describes it.
struct Entry {
  std::string name;
  std::uint64_t header = 0;  // Offset of the local header.
  std::uint64_t n_bytes = 0;
};

/// Sets `values`, the sizes and the offset that the entry stores in the ZIP64 field of `extra`, in
/// the order of section 4.5.3. Returns false if the field does not contain all of them.
bool read_zip64_field(std::span<const std::byte> extra, std::span<std::uint64_t* const> values) {
  while (extra.size() >= 4) {
    const auto id = number<std::uint16_t>(extra, 0);
    const std::size_t n_bytes = number<std::uint16_t>(extra, 2);
    if (n_bytes > extra.size() - 4) return false;
    if (id == kZip64Field) {
      if (n_bytes < values.size() * 8) return false;
      for (std::size_t i = 0; i < values.size(); ++i) {
        *values[i] = number<std::uint64_t>(extra, 4 + 8 * i);
      }
      return true;
    }
    extra = extra.subspan(4 + n_bytes);
  }
  return values.empty();
}

/// Reads the entry at the start of `directory` and removes it.
Result<Entry> take_entry(std::span<const std::byte>& directory) {
  if (directory.size() < kCentralHeaderBytes ||
      number<std::uint32_t>(directory, 0) != kCentralHeader) {
    return corrupt("found a broken directory");
  }
  const std::size_t n_name = number<std::uint16_t>(directory, 28);
  const std::size_t n_extra = number<std::uint16_t>(directory, 30);
  const std::size_t n_comment = number<std::uint16_t>(directory, 32);
  const std::size_t n_entry = kCentralHeaderBytes + n_name + n_extra + n_comment;
  if (n_entry > directory.size()) return corrupt("found a broken directory");

  Entry entry;
  entry.name.assign(reinterpret_cast<const char*>(directory.data()) + kCentralHeaderBytes, n_name);
  std::uint64_t n_packed = number<std::uint32_t>(directory, 20);
  entry.n_bytes = number<std::uint32_t>(directory, 24);
  entry.header = number<std::uint32_t>(directory, 42);
  std::vector<std::uint64_t*> in_64;
  for (std::uint64_t* value : {&entry.n_bytes, &n_packed, &entry.header}) {
    if (*value == kIn64) in_64.push_back(value);
  }
  const std::string what = "member " + in_quotes(entry.name) + ": ";
  if (!read_zip64_field(directory.subspan(kCentralHeaderBytes + n_name, n_extra), in_64)) {
    return corrupt(what + "found no ZIP64 sizes");
  }
  if ((number<std::uint16_t>(directory, 8) & kEncrypted) != 0) {
    return unsupported(what + "found encrypted data");
  }
  if (const auto method = number<std::uint16_t>(directory, 10);
      method != 0 || n_packed != entry.n_bytes) {
    return unsupported(what + "found compression method " + std::to_string(method) +
                       ", wanted 0 (not compressed)");
  }
  directory = directory.subspan(n_entry);
  return entry;
}

/// Returns the place of a member's data, which follows its local header.
Result<ZipMember> place_of(const RegularFile& file, const Entry& entry) {
  const std::string what = "member " + in_quotes(entry.name) + ": ";
  const auto header = read(file, entry.header, kLocalHeaderBytes);
  if (!header) return fail(header.error());
  if (number<std::uint32_t>(*header, 0) != kLocalHeader) {
    return corrupt(what + "found no header where the directory says");
  }
  const std::uint64_t n_header = kLocalHeaderBytes + number<std::uint16_t>(*header, 26) +
                                 std::uint64_t{number<std::uint16_t>(*header, 28)};
  const std::uint64_t left = file.size() - entry.header;
  if (n_header > left || entry.n_bytes > left - n_header) {
    return corrupt(what + "found " + std::to_string(entry.n_bytes) +
                   " bytes of data beyond the end of the file");
  }
  return ZipMember{.offset = entry.header + n_header, .n_bytes = entry.n_bytes};
}

Result<void> check_overlap(const std::map<std::string, ZipMember>& members) {
  std::vector<ZipMember> places;
  for (const auto& [name, member] : members) places.push_back(member);
  std::ranges::sort(places, {}, &ZipMember::offset);
  for (std::size_t i = 1; i < places.size(); ++i) {
    if (places[i - 1].offset + places[i - 1].n_bytes > places[i].offset) {
      return corrupt("found members that overlap at " + std::to_string(places[i].offset));
    }
  }
  return {};
}

}  // namespace

bool is_zip(const RegularFile& file) {
  std::uint32_t begin = 0;
  return file.size() >= sizeof begin &&
         file.read(0, std::as_writable_bytes(std::span(&begin, 1))) && begin == kLocalHeader;
}

Result<std::map<std::string, ZipMember>> read_zip_directory(const RegularFile& file) {
  const auto directory = find_directory(file);
  if (!directory) return fail(directory.error());
  if (directory->n_bytes > kMaxDirectoryBytes || directory->n_members > kMaxMembers ||
      directory->n_members > directory->n_bytes / kCentralHeaderBytes) {
    return corrupt("found a directory of " + std::to_string(directory->n_members) + " members in " +
                   std::to_string(directory->n_bytes) + " bytes");
  }
  const auto bytes = read(file, directory->offset, directory->n_bytes);
  if (!bytes) return fail(bytes.error());

  std::map<std::string, ZipMember> members;
  std::span<const std::byte> left(*bytes);
  for (std::uint64_t i = 0; i < directory->n_members; ++i) {
    auto entry = take_entry(left);
    if (!entry) return fail(entry.error());
    const auto place = place_of(file, *entry);
    if (!place) return fail(place.error());
    const std::string name = in_quotes(entry->name);
    if (!members.emplace(std::move(entry->name), *place).second) {
      return corrupt("member " + name + ": found it twice");
    }
  }
  if (auto checked = check_overlap(members); !checked) return fail(checked.error());
  return members;
}

}  // namespace npuwhisper
