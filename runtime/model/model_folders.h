// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <optional>

namespace npuwhisper {

/// Returns the path in the environment variable `name`; nullopt if the variable is unset or empty.
std::optional<std::filesystem::path> path_from_environment(const char* name);

/// Returns $XDG_CACHE_HOME, or .cache in $HOME. Ignores a relative XDG_CACHE_HOME, as the XDG base
/// directory specification requires. Without HOME, as in a systemd service, uses the home directory
/// of the process's user in the account database. Returns nullopt if the database has no home
/// directory. tools/npuwhisper-models looks in the same folder.
std::optional<std::filesystem::path> cache_home();

/// Returns $XDG_DATA_HOME, or .local/share in the home directory, which is found as for
/// cache_home().
std::optional<std::filesystem::path> data_home();

/// Returns the folder in which huggingface_hub keeps its downloads: $HF_HUB_CACHE,
/// $HUGGINGFACE_HUB_CACHE (its old name), $HF_HOME/hub, or huggingface/hub in cache_home(). In
/// these three variables, "~" at the beginning stands for the home directory.
std::optional<std::filesystem::path> hub_cache();

/// Returns whether a model seems to be at `path`, judged by the names of files only; Model::load()
/// checks the contents. A model is a folder with config.json and weights (folder_formats()), or a
/// file whose name ends with .pt (OpenAI) or .bin (whisper.cpp). A folder with model.bin also needs
/// a vocabulary, so that an interrupted download does not count.
bool looks_like_model(const std::filesystem::path& path);

/// Returns whether `path` is a folder with weights, or a file whose name ends with .pt or .bin.
/// This weaker rule is for a path that the user gives: Model::load() then says which file is
/// missing.
bool has_weights(const std::filesystem::path& path);

}  // namespace npuwhisper
