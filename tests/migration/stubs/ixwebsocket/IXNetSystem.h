// The declarations of IXWebSocket 11 that docs/migration/samples/ixwebsocket/before.cpp uses, to check its syntax and types.
#pragma once

namespace ix {
bool initNetSystem();
bool uninitNetSystem();
} // namespace ix
