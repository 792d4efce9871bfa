// SPDX-License-Identifier: LGPL-2.1-or-later
#include "input_list.h"

#include <cerrno>
#include <cstring>
#include <iostream>

namespace npuwhisper::cli {

Result<InputList> InputList::open(const std::string& place) {
  InputList list;
  list.place_ = place;
  if (place == "-") return list;
  list.file_.emplace(place, std::ios::binary);
  if (!*list.file_) {
    return fail(ErrorCode::NotFound, "--files-from " + place + ": " + std::strerror(errno));
  }
  return list;
}

Result<std::optional<std::string>> InputList::next() {
  std::istream& in = file_ ? *file_ : std::cin;
  std::string name(kMostBytes + 1, '\0');
  while (in.getline(name.data(), static_cast<std::streamsize>(name.size()))) {
    name.resize(std::strlen(name.c_str()));
    if (!name.empty()) return std::optional(std::move(name));
    name.resize(kMostBytes + 1);
  }
  if (in.gcount() == static_cast<std::streamsize>(kMostBytes)) {
    return fail(ErrorCode::InvalidArgument,
                "--files-from " + place_ + ": found a line of more than " +
                    std::to_string(kMostBytes) + " bytes, wanted the name of a file");
  }
  return std::optional<std::string>();
}

}  // namespace npuwhisper::cli
