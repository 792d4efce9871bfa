// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/tool/temporary_folder.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace npuwhisper::emu {

Result<TemporaryFolder> TemporaryFolder::create() {
  std::error_code error;
  std::string path =
      (std::filesystem::temp_directory_path(error) / "npuwhisper-emulate-XXXXXX").string();
  if (error || mkdtemp(path.data()) == nullptr) {
    return fail(ErrorCode::Unavailable,
                "no temporary folder: " + (error ? error.message() : std::strerror(errno)));
  }
  return TemporaryFolder(path);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;  // Nothing can be done if the removal fails.
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace npuwhisper::emu
