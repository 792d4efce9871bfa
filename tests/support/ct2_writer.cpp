// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ct2_writer.h"

#include <bit>
#include <cassert>
#include <cstring>
#include <vector>

namespace npuwhisper::test {
namespace {

template <typename T>
void append(std::string& to, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  to.append(bytes, sizeof value);
}

void append_string(std::string& to, std::string_view text) {
  append(to, static_cast<std::uint16_t>(text.size() + 1));
  to.append(text).push_back('\0');
}

/// Converts `value`, whose magnitude is below 65536, to binary16. Truncates bits that do not fit.
std::uint16_t to_f16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 16 & 0x8000U;
  const std::uint32_t fraction = bits & 0x7FFFFFU;
  const int exponent = static_cast<int>(bits >> 23 & 0xFFU) - 127;
  if (exponent >= -14) {
    return static_cast<std::uint16_t>(sign | static_cast<std::uint32_t>(exponent + 15) << 10 |
                                      fraction >> 13);
  }
  if (exponent < -24) return static_cast<std::uint16_t>(sign);
  return static_cast<std::uint16_t>(sign | (fraction | 0x800000U) >> (-1 - exponent));
}

}  // namespace

Ct2Writer::Ct2Writer(const Header& header) : header_(header) {}

void Ct2Writer::add_raw(std::string_view name, std::span<const std::int64_t> dims,
                        std::uint8_t type, std::string_view data) {
  append_string(variables_, name);
  append(variables_, static_cast<std::uint8_t>(dims.size()));
  for (const std::int64_t dim : dims) append(variables_, static_cast<std::uint32_t>(dim));
  append(variables_, type);
  append(variables_, static_cast<std::uint32_t>(data.size()));
  variables_.append(data);
  ++n_variables_;
}

void Ct2Writer::add(std::string_view name, std::span<const std::int64_t> dims, DataType type,
                    std::span<const float> values) {
  std::string data;
  data.reserve(values.size() * size_of(type));
  for (const float value : values) {
    if (type == DataType::F16) {
      append(data, to_f16(value));
    } else {
      append(data, value);
    }
  }
  add_raw(name, dims, static_cast<std::uint8_t>(type), data);
}

void Ct2Writer::add_i16(std::string_view name, std::int16_t value) {
  std::string data;
  append(data, value);
  add_raw(name, {}, static_cast<std::uint8_t>(DataType::I16), data);
}

void Ct2Writer::add_i8(std::string_view name, std::int8_t value) {
  std::string data;
  append(data, value);
  add_raw(name, {}, static_cast<std::uint8_t>(DataType::I8), data);
}

void Ct2Writer::add_alias(std::string_view alias, std::string_view name) {
  append_string(aliases_, alias);
  append_string(aliases_, name);
  ++n_aliases_;
}

std::string Ct2Writer::format_header() const {
  std::string header;
  append(header, header_.version);
  append_string(header, header_.spec);
  append(header, header_.revision);
  append(header, n_variables_);
  return header;
}

std::string Ct2Writer::format_aliases() const {
  std::string aliases;
  append(aliases, n_aliases_);
  return aliases + aliases_;
}

std::string Ct2Writer::finish() const {
  assert(!is_flushed_);
  return format_header() + variables_ + format_aliases();
}

void Ct2Writer::flush(std::ostream& file) {
  if (!is_flushed_) file << format_header();
  is_flushed_ = true;
  file << variables_;
  variables_.clear();
}

void Ct2Writer::finish(std::ostream& file) {
  flush(file);
  file << format_aliases();
  file.seekp(0);
  file << format_header();  // The number of variables is known only now.
}

}  // namespace npuwhisper::test
