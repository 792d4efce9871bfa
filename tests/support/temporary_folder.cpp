// SPDX-License-Identifier: LGPL-2.1-or-later
#include "temporary_folder.h"

#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <system_error>

namespace npuwhisper::test {

TemporaryFolder::TemporaryFolder() : maker_(getpid()) {
  std::string name = (std::filesystem::temp_directory_path() / "npuwhisper-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    std::perror("mkdtemp");
    std::abort();
  }
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  if (getpid() != maker_) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace npuwhisper::test
