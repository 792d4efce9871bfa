// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/npu/npu_image.h"

#include <cstdlib>
#include <system_error>

namespace npuwhisper::npu_device {

Result<std::filesystem::path> find_image(const std::string& array) {
  const char* given = std::getenv("NPUWHISPER_NPU_IMAGE");
  const bool is_given = given != nullptr && *given != '\0';
  const std::filesystem::path file =
      is_given ? std::filesystem::path(given)
               : std::filesystem::path(NPUWHISPER_IMAGE_DIR) / (array + ".xclbin");
  std::error_code error;
  if (std::filesystem::is_regular_file(file, error)) return file;
  return fail(ErrorCode::NotFound,
              "no array configuration for this NPU: there is no file " + file.string() +
                  (is_given ? " ($NPUWHISPER_NPU_IMAGE)" : "; see docs/npu-laptop.md"));
}

}  // namespace npuwhisper::npu_device
