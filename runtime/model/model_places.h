// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "model/model_table.h"

namespace npuwhisper {

/// A path at which a model may be.
struct ModelPlace {
  std::filesystem::path path;
  /// The path in error messages. For a snapshot in the Hugging Face cache, this is the folder of
  /// the snapshot's repository.
  std::string shown;
};

/// Returns the places of the model with the user's name `name`, in the order of the search. Reads
/// environment variables and the names of folders. engine.h describes the places; npuwhisper-models
/// searches the same places (tools/model_tool/places.py).
///
/// known: the model that `name` selects; nullopt if the table does not contain the name.
std::vector<ModelPlace> model_places(const std::string& name,
                                     const std::optional<NamedModel>& known);

}  // namespace npuwhisper
