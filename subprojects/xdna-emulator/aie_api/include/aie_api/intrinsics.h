/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Declarations that the AIE compiler provides without an include. The compiler flags of kernel
   objects include this file before the source. C sources get only event0(), event1() and done(). */

#ifndef __AIENGINE__
#define __AIENGINE__ 2
#endif

#ifndef __cplusplus
static inline void event0(void) {}
static inline void event1(void) {}
static inline void done(void) {}
#else

#include "aie_api/emulation/native.h"

#endif
