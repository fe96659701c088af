/* The parts of POSIX sockets that the programs use, made with Winsock; included before everything else. The headers beside it
 * exist only so that #include finds them. */
#ifndef POSIX_H
#define POSIX_H

/* Plain C99 hides declarations that mingw's pthread.h needs. */
#define __USE_MINGW_ANSI_STDIO 1

#include <winsock2.h>
#include <ws2tcpip.h>

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdint.h>
#include <stdlib.h>

#define MSG_NOSIGNAL 0 /* there is no SIGPIPE */
#define SHUT_RD SD_RECEIVE
#define SHUT_WR SD_SEND
#define SHUT_RDWR SD_BOTH
#define F_SETFL 4
#define O_NONBLOCK 1

static void __attribute__((constructor)) begin_winsock(void) {
    WSADATA data;
    WSAStartup(MAKEWORD(2, 2), &data);
}

static inline int posix_close(int fd) {
    return closesocket((SOCKET)fd);
}

static inline int posix_setsockopt(int fd, int level, int name, const void *value, socklen_t len) {
    return setsockopt((SOCKET)fd, level, name, (const char *)value, len);
}

/* Here a shutdown does not wake an accept; a close does. */
static inline int posix_shutdown(int fd, int how) {
    int listens = 0;
    int len = sizeof listens;
    getsockopt((SOCKET)fd, SOL_SOCKET, SO_ACCEPTCONN, (char *)&listens, &len);
    return listens ? closesocket((SOCKET)fd) : shutdown((SOCKET)fd, how);
}

static inline int posix_fcntl(int fd, int command, int flags) {
    u_long nonblocking = flags & O_NONBLOCK;
    return command == F_SETFL ? ioctlsocket((SOCKET)fd, (long)FIONBIO, &nonblocking) : -1;
}

static inline int posix_connect(int fd, const struct sockaddr *address, socklen_t len) {
    const int connected = connect((SOCKET)fd, address, len);
    if (connected != 0) errno = WSAGetLastError() == WSAEWOULDBLOCK ? EINPROGRESS : EIO;
    return connected;
}

static inline int setenv(const char *name, const char *value, int overwrite) {
    (void)overwrite;
    return _putenv_s(name, value);
}

static inline int unsetenv(const char *name) {
    return _putenv_s(name, "");
}

#define close posix_close
#define setsockopt posix_setsockopt
#define shutdown posix_shutdown
#define fcntl posix_fcntl
#define connect posix_connect
#define socket(family, type, protocol) ((int)socket(family, type, protocol))
#define accept(fd, address, len) ((int)accept((SOCKET)(fd), address, len))
#define poll WSAPoll

#endif
