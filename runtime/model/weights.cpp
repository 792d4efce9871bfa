// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/weights.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "model/float16.h"
#include "model/weights_file.h"

namespace npuwhisper {
namespace {

/// Linux maps the aligned block of this size around a page that is touched (fault_around_bytes), so
/// the neighbours of a view become resident with it.
constexpr std::size_t kFaultAround = 65536;

template <typename T>
void integers_to_f32(std::span<const std::byte> in, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    T value;
    std::memcpy(&value, in.data() + i * sizeof value, sizeof value);
    out[i] = static_cast<float>(value);
  }
}

void to_f32(DataType type, std::span<const std::byte> in, std::span<float> out) {
  switch (type) {
    case DataType::F32:
      std::memcpy(out.data(), in.data(), in.size());
      return;
    case DataType::I8:
      return integers_to_f32<std::int8_t>(in, out);
    case DataType::I16:
      return integers_to_f32<std::int16_t>(in, out);
    case DataType::I32:
      return integers_to_f32<std::int32_t>(in, out);
    case DataType::F16:
      return f16_to_f32(in, out);
    case DataType::Bf16:
      return bf16_to_f32(in, out);
  }
}

Failure system_failure(const std::filesystem::path& file, std::string_view what) {
  const int number = errno;
  const bool missing = number == ENOENT || number == ENOTDIR;
  return fail(missing ? ErrorCode::NotFound : ErrorCode::Unavailable,
              "model '" + file.string() + "': cannot " + std::string(what) + ": " +
                  std::generic_category().message(number));
}

Result<std::span<const std::byte>> map_file(const std::filesystem::path& file, int descriptor) {
  struct stat status {};
  if (descriptor < 0 || ::fstat(descriptor, &status) != 0) return system_failure(file, "open");
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::NotFound, "model '" + file.string() + "': not a regular file");
  }
  if (status.st_size == 0) {
    return fail(ErrorCode::CorruptModel, "model '" + file.string() + "': the file is empty");
  }
  const auto n_bytes = static_cast<std::size_t>(status.st_size);
  void* const map = ::mmap(nullptr, n_bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (map == MAP_FAILED) return system_failure(file, "map");
  // Packing reads the file from front to back, once.
  ::madvise(map, n_bytes, MADV_SEQUENTIAL);
  return std::span(static_cast<const std::byte*>(map), n_bytes);
}

}  // namespace

std::size_t size_of(DataType type) {
  switch (type) {
    case DataType::I8:
      return 1;
    case DataType::I16:
    case DataType::F16:
    case DataType::Bf16:
      return 2;
    case DataType::F32:
    case DataType::I32:
      return 4;
  }
  return 0;
}

std::string_view to_string(DataType type) {
  switch (type) {
    case DataType::F32:
      return "f32";
    case DataType::I8:
      return "i8";
    case DataType::I16:
      return "i16";
    case DataType::I32:
      return "i32";
    case DataType::F16:
      return "f16";
    case DataType::Bf16:
      return "bf16";
  }
  return "unknown";
}

std::string to_string(std::span<const std::int64_t> dims) {
  std::string text = "[";
  for (const std::int64_t dim : dims) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(dim);
  }
  return text + "]";
}

std::int64_t WeightView::n_elements() const {
  return static_cast<std::int64_t>(bytes.size() / size_of(type));
}

void WeightView::read_rows(std::int64_t first, std::int64_t n, std::span<float> out) const {
  assert(first >= 0 && n >= 0 && first + n <= n_rows());
  const auto row_bytes = static_cast<std::int64_t>(bytes.size()) / n_rows();
  const auto in = bytes.subspan(static_cast<std::size_t>(first * row_bytes),
                                static_cast<std::size_t>(n * row_bytes));
  assert(in.size() == out.size() * size_of(type));
  to_f32(type, in, out);
}

std::vector<float> WeightView::read() const {
  std::vector<float> values(static_cast<std::size_t>(n_elements()));
  to_f32(type, bytes, values);
  return values;
}

Result<std::shared_ptr<const Weights>> Weights::load(const std::filesystem::path& file) {
  // From here on the destructor closes and unmaps.
  std::shared_ptr<Weights> weights(new Weights);
  weights->file_ = file;
  weights->descriptor_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  const auto map = map_file(file, weights->descriptor_);
  if (!map) return fail(map.error());
  weights->map_ = *map;
  auto index = index_weights_file(*map);
  if (!index) {
    return fail(index.error().code, "model '" + file.string() + "': " + index.error().message);
  }
  weights->variables_ = std::move(index->variables);
  weights->names_ = std::move(index->names);
  weights->release_range(0, map->size());  // Reading the names touched pages all over the file.
  return std::shared_ptr<const Weights>(std::move(weights));
}

Weights::~Weights() {
  if (!map_.empty()) ::munmap(const_cast<std::byte*>(map_.data()), map_.size());
  if (descriptor_ >= 0) ::close(descriptor_);
}

const WeightView* Weights::find(std::string_view name) const {
  const auto found = variables_.find(name);
  return found == variables_.end() ? nullptr : &found->second;
}

Result<const WeightView*> Weights::get(std::string_view name,
                                       std::span<const std::int64_t> dims) const {
  const WeightView* const view = find(name);
  const std::string what = "model '" + file_.string() + "': variable '" + std::string(name) + "'";
  if (view == nullptr) return fail(ErrorCode::CorruptModel, what + " is not there");
  if (!std::ranges::equal(view->dims, dims)) {
    return fail(ErrorCode::CorruptModel,
                what + ": found " + to_string(view->dims) + ", wanted " + to_string(dims));
  }
  return view;
}

Result<void> Weights::read_row(const WeightView& view, std::int64_t row,
                               std::span<float> out) const {
  assert(row >= 0 && row < view.n_rows());
  const std::size_t row_bytes = view.bytes.size() / static_cast<std::size_t>(view.n_rows());
  assert(row_bytes == out.size() * size_of(view.type));
  auto offset = static_cast<std::size_t>(view.bytes.data() - map_.data()) +
                static_cast<std::size_t>(row) * row_bytes;
  std::array<std::byte, 8192> piece;
  const std::size_t whole = piece.size() / size_of(view.type);
  while (!out.empty()) {
    const std::size_t n = std::min(out.size(), whole);
    const std::size_t wanted = n * size_of(view.type);
    const ssize_t found = ::pread(descriptor_, piece.data(), wanted, static_cast<off_t>(offset));
    if (found < 0 && errno == EINTR) continue;
    if (found < 0) return system_failure(file_, "read");
    if (static_cast<std::size_t>(found) < wanted) {
      return fail(ErrorCode::Unavailable, "model '" + file_.string() + "': the file was shortened");
    }
    to_f32(view.type, std::span<const std::byte>(piece).first(wanted), out.first(n));
    out = out.subspan(n);
    offset += wanted;
  }
  return {};
}

void Weights::release(const WeightView& view) const {
  const auto begin = static_cast<std::size_t>(view.bytes.data() - map_.data());
  release_range(begin, begin + view.bytes.size());
}

void Weights::release_range(std::size_t begin, std::size_t end) const {
  // The map is private and never written, so dropping a neighbour's pages costs a page fault at
  // most.
  const auto base = reinterpret_cast<std::uintptr_t>(map_.data());
  const std::uintptr_t first = (base + begin) / kFaultAround * kFaultAround;
  const std::uintptr_t last = (base + end + kFaultAround - 1) / kFaultAround * kFaultAround;
  begin = std::max(first, base) - base;
  end = std::min(last - base, map_.size());
  ::madvise(const_cast<std::byte*>(map_.data()) + begin, end - begin, MADV_DONTNEED);
}

}  // namespace npuwhisper
