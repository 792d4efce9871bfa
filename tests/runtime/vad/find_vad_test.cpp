// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vad/find_vad.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "temporary_folder.h"

namespace npuwhisper {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFile = "silero_vad_16k.safetensors";

class FindVad : public testing::Test {
 protected:
  FindVad() {
    ::setenv("NPUWHISPER_MODEL_DIR", (root_ / "models").c_str(), 1);
    ::setenv("XDG_CACHE_HOME", (root_ / "cache").c_str(), 1);
  }
  ~FindVad() override {
    ::unsetenv("NPUWHISPER_MODEL_DIR");
    ::unsetenv("XDG_CACHE_HOME");
  }

  fs::path make(const fs::path& folder) const {
    fs::create_directories(root_ / folder);
    std::ofstream(root_ / folder / kFile) << "weights";
    return root_ / folder / kFile;
  }

 private:
  test::TemporaryFolder folder_;

 protected:
  const fs::path root_ = folder_.path();
};

TEST_F(FindVad, SearchesPlacesInOrder) {
  for (const char* folder : {"cache/npuwhisper/silero-vad", "models/silero-vad", "whisper"}) {
    const fs::path wanted = make(folder);
    const auto found = find_vad(root_ / "whisper");
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(*found, wanted);
  }
}

TEST_F(FindVad, SearchesTheFolderOfAModelFile) {
  const fs::path wanted = make("whisper");
  std::ofstream(root_ / "whisper/tiny.pt") << "model";
  const auto found = find_vad(root_ / "whisper/tiny.pt");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(*found, wanted);
}

TEST_F(FindVad, SaysWhereItLookedAndWhatToDo) {
  const auto found = find_vad(root_ / "whisper");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::NotFound);
  for (const char* part : {"/whisper'", "/models/silero-vad'", "/cache/npuwhisper/silero-vad'",
                           kFile, "npuwhisper-models fetch silero-vad"}) {
    EXPECT_NE(found.error().message.find(part), std::string::npos) << part;
  }
}

}  // namespace
}  // namespace npuwhisper
