/** A WebSocket client for Java. */
interface Contender {
    /** Makes a connection, calls `work` for its events, and closes the connection when the work has ended. */
    void run(String url, Workload work) throws Exception;
}
