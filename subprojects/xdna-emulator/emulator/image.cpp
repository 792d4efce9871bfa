// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/image.h"

#include <cstdint>
#include <cstring>
#include <string_view>

namespace npuwhisper::emu {
namespace {

constexpr std::string_view kMagic = "npuwhisper image";
constexpr std::uint32_t kVersion = 1;
constexpr std::string_view kArray = "array";
constexpr std::string_view kDesign = "design";
constexpr std::string_view kDevice = "device";
constexpr std::string_view kAllocation = "allocation";
constexpr std::string_view kKernelPrefix = "kernel:";

/// Appends a number of N bytes, little-endian on every host.
template <std::size_t N>
void append_number(std::vector<std::byte>& out, std::uint64_t value) {
  for (std::size_t i = 0; i < N; ++i) {
    out.push_back(static_cast<std::byte>(value >> (8 * i) & 0xff));
  }
}

void append_bytes(std::vector<std::byte>& out, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  const std::size_t at = out.size();
  out.resize(at + bytes.size());
  std::memcpy(out.data() + at, bytes.data(), bytes.size());
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

void append_record(std::vector<std::byte>& out, const std::string& name,
                   std::span<const std::byte> bytes) {
  append_number<4>(out, name.size());
  append_bytes(out, bytes_of(name));
  append_number<8>(out, bytes.size());
  append_bytes(out, bytes);
}

void append_option(std::vector<std::byte>& out, std::string_view name, const std::string& value) {
  if (!value.empty()) append_record(out, std::string(name), bytes_of(value));
}

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool at_end() const { return position_ == bytes_.size(); }

  Result<std::span<const std::byte>> bytes(std::uint64_t n, std::string_view what) {
    const std::size_t left = bytes_.size() - position_;
    if (n > left) {
      return fail(ErrorCode::InvalidArgument, "image ends within " + std::string(what) +
                                                  " at byte " + std::to_string(position_) + ": " +
                                                  std::to_string(left) + " bytes left, expected " +
                                                  std::to_string(n));
    }
    const auto part = bytes_.subspan(position_, static_cast<std::size_t>(n));
    position_ += part.size();
    return part;
  }

  template <std::size_t N>
  Result<std::uint64_t> number(std::string_view what) {
    auto part = bytes(N, what);
    if (!part) return fail(part.error());
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < N; ++i) {
      value |= static_cast<std::uint64_t>((*part)[i]) << (8 * i);
    }
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
};

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<void> read_header(Reader& reader) {
  auto magic = reader.bytes(kMagic.size(), "its magic");
  if (!magic || text_of(*magic) != kMagic) {
    return fail(ErrorCode::InvalidArgument,
                "not an image of the emulated NPU: expected it to begin with '" +
                    std::string(kMagic) + "' (a PDI for silicon cannot be emulated)");
  }
  auto version = reader.number<4>("its version");
  if (!version) return fail(version.error());
  if (*version != kVersion) {
    return fail(ErrorCode::InvalidArgument, "image: found version " + std::to_string(*version) +
                                                ", expected " + std::to_string(kVersion));
  }
  return {};
}

}  // namespace

std::vector<std::byte> serialize(const Image& image) {
  std::vector<std::byte> out;
  append_bytes(out, bytes_of(kMagic));
  append_number<4>(out, kVersion);
  append_record(out, std::string(kArray), bytes_of(image.array));
  append_record(out, std::string(kDesign), bytes_of(image.design));
  append_option(out, kDevice, image.options.device);
  append_option(out, kAllocation, image.options.allocation_scheme);
  for (const Image::Kernel& kernel : image.kernels) {
    append_record(out, std::string(kKernelPrefix) + kernel.name, kernel.shared_object);
  }
  return out;
}

Result<Image> parse_image(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  auto header = read_header(reader);
  if (!header) return fail(header.error());

  Image image;
  bool has_array = false;
  bool has_design = false;
  while (!reader.at_end()) {
    auto name_length = reader.number<4>("a record's name length");
    if (!name_length) return fail(name_length.error());
    auto name_bytes = reader.bytes(*name_length, "a record's name");
    if (!name_bytes) return fail(name_bytes.error());
    const std::string name = text_of(*name_bytes);
    auto length = reader.number<8>("the length of record '" + name + "'");
    if (!length) return fail(length.error());
    auto content = reader.bytes(*length, "record '" + name + "'");
    if (!content) return fail(content.error());

    if (name == kArray && !has_array) {
      image.array = text_of(*content);
      has_array = true;
    } else if (name == kDesign && !has_design) {
      image.design = text_of(*content);
      has_design = true;
    } else if (name == kDevice && image.options.device.empty()) {
      image.options.device = text_of(*content);
    } else if (name == kAllocation && image.options.allocation_scheme.empty()) {
      image.options.allocation_scheme = text_of(*content);
    } else if (name.starts_with(kKernelPrefix)) {
      image.kernels.push_back(
          {name.substr(kKernelPrefix.size()), {content->begin(), content->end()}});
    } else {
      return fail(
          ErrorCode::InvalidArgument,
          "image: unexpected record '" + name +
              "', expected one 'array', one 'design', 'device', 'allocation' and 'kernel:NAME'");
    }
  }
  if (!has_array || !has_design) {
    return fail(ErrorCode::InvalidArgument, std::string("image has no record '") +
                                                std::string(has_array ? kDesign : kArray) + "'");
  }
  return image;
}

}  // namespace npuwhisper::emu
