// SPDX-License-Identifier: LGPL-2.1-or-later
#include "golden.h"

#include <bit>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace npuwhisper::test {
namespace {

static_assert(std::endian::native == std::endian::little, "golden data is little-endian");

/// Reads one tensor's values. Returns false if the file ends early or the dimensions are invalid.
template <typename T>
bool read_values(std::istream& in, const std::vector<std::int64_t>& dims, std::vector<T>& values) {
  // Golden data is small, so a larger number means a corrupt header.
  constexpr std::int64_t kMost = 1 << 26;
  std::int64_t n = 1;
  for (const std::int64_t dim : dims) {
    if (dim < 0 || dim > kMost || n * dim > kMost) return false;
    n *= dim;
  }
  values.resize(static_cast<std::size_t>(n));
  const auto n_bytes = static_cast<std::streamsize>(values.size() * sizeof(T));
  in.read(reinterpret_cast<char*>(values.data()), n_bytes);
  return in.gcount() == n_bytes;
}

template <typename Map>
const typename Map::mapped_type& at(const Map& map, std::string_view name) {
  const auto found = map.find(name);
  if (found == map.end()) throw std::out_of_range("golden data has no '" + std::string(name) + "'");
  return found->second;
}

}  // namespace

Result<Golden> Golden::load(const std::filesystem::path& file) {
  const std::filesystem::path path = std::filesystem::path(NPUWHISPER_GOLDEN_DIR) / file;
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorCode::NotFound, "golden data '" + path.string() + "' does not open");
  std::string line;
  if (!std::getline(in, line) || line != "npuwhisper-golden 1") {
    return fail(ErrorCode::InvalidArgument, "golden data '" + path.string() +
                                                "': found first line '" + line +
                                                "', wanted 'npuwhisper-golden 1'");
  }
  Golden golden;
  std::vector<std::pair<std::string, std::string>> order;  // (name, type)
  while (std::getline(in, line) && !line.empty()) {
    if (const auto colon = line.find(": "); colon != std::string::npos) {
      golden.attributes_[line.substr(0, colon)] = line.substr(colon + 2);
      continue;
    }
    std::istringstream words(line);
    std::string keyword, name, type;
    words >> keyword >> name >> type;
    GoldenTensor tensor;
    for (std::int64_t dim = 0; words >> dim;) tensor.dims.push_back(dim);
    if (keyword != "tensor" || (type != "f32" && type != "i32")) {
      return fail(ErrorCode::InvalidArgument,
                  "golden data '" + path.string() + "': cannot read header line '" + line + "'");
    }
    order.emplace_back(name, type);
    golden.tensors_[name] = std::move(tensor);
  }
  for (const auto& [name, type] : order) {
    GoldenTensor& tensor = golden.tensors_[name];
    if (!(type == "f32" ? read_values(in, tensor.dims, tensor.f32)
                        : read_values(in, tensor.dims, tensor.i32))) {
      return fail(ErrorCode::InvalidArgument, "golden data '" + path.string() +
                                                  "': the file ends within tensor '" + name + "'");
    }
  }
  return golden;
}

const GoldenTensor& Golden::tensor(std::string_view name) const {
  return at(tensors_, name);
}
const std::string& Golden::attribute(std::string_view name) const {
  return at(attributes_, name);
}

}  // namespace npuwhisper::test
