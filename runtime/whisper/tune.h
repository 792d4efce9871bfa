#pragma once
#include <cstdlib>
#include <string>
namespace npuwhisper { inline double tune(const char* n,double d){const char* e=std::getenv(n);return e?std::atof(e):d;} }
