// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <tuple>
#include <type_traits>
#include <utility>

#include "aie_api/emulation/accum.h"
#include "aie_api/emulation/arithmetic.h"
#include "aie_api/emulation/block_vector.h"
#include "aie_api/emulation/compare.h"
#include "aie_api/emulation/elementary.h"
#include "aie_api/emulation/iterator.h"
#include "aie_api/emulation/lookup.h"
#include "aie_api/emulation/mask.h"
#include "aie_api/emulation/memory.h"
#include "aie_api/emulation/mmul.h"
#include "aie_api/emulation/multiply.h"
#include "aie_api/emulation/native.h"
#include "aie_api/emulation/operators.h"
#include "aie_api/emulation/permute.h"
#include "aie_api/emulation/reduce.h"
#include "aie_api/emulation/sliding.h"
#include "aie_api/emulation/tile.h"
