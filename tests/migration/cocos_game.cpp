// The frame loop of a game with the Connection of docs/migration/samples/cocos2d-x, which SAMPLE names.
#include SAMPLE

#include <chrono>
#include <thread>

int main(int, char **argv) {
    Connection connection;
    if (!connection.connect(argv[1]))
        return 1;
    while (!connection.isFinished()) {
        connection.update(1.0f / 60);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return connection.hasFailed() ? 1 : 0;
}
