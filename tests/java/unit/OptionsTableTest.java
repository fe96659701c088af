import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.egret.websocket.DeflateOptions;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.Options;
import org.egret.websocket.ProxyHook;
import org.egret.websocket.RequestHook;
import org.egret.websocket.ResolveHook;
import org.egret.websocket.RetryOptions;
import org.egret.websocket.SocketHook;
import org.egret.websocket.WebSocketException;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Checks the documented rules for every option of the builders. */
class OptionsTableTest {
    private static List<Method> setters(Class<?> of, Class<?> parameter) throws Exception {
        List<Method> found = new ArrayList<>();
        for (Method method : Class.forName(of.getName() + "$Builder").getDeclaredMethods())
            if (Modifier.isPublic(method.getModifiers()) && Arrays.equals(method.getParameterTypes(), new Class<?>[] {parameter}))
                found.add(method);
        return found;
    }

    private static Object builder(Class<?> of) throws Exception {
        return Class.forName(of.getName() + "$Builder").getConstructor().newInstance();
    }

    private static Object build(Object builder) throws Exception {
        return builder.getClass().getMethod("build").invoke(builder);
    }

    /** Calls a setter and rethrows its exception. */
    private static Object set(Object builder, Method setter, Object value) throws Exception {
        try {
            return setter.invoke(builder, value);
        } catch (InvocationTargetException thrown) {
            throw (Exception) thrown.getCause();
        }
    }

    private static void assertRefused(Class<?> of, Method setter, Object value, String name) throws Exception {
        Object builder = builder(of);
        String message =
                assertThrows(IllegalArgumentException.class, () -> set(builder, setter, value), name + " " + value).getMessage();
        assertTrue(message.startsWith(name + ": "), message);
    }

    private static boolean isAccepted(Class<?> of, Method setter, Object value) throws Exception {
        try {
            set(builder(of), setter, value);
            return true;
        } catch (IllegalArgumentException refused) {
            return false;
        }
    }

    /** Returns whether the library accepts a number that the builder does not check. */
    private static boolean isAcceptedByC(Class<?> of, Method setter, long value) throws Exception {
        Object builder = builder(of);
        set(builder, setter, 1L);
        Options options = (Options) build(builder);
        WebSocketOptions.Builder socket = new WebSocketOptions.Builder();
        if (options instanceof RetryOptions) options = socket.retry((RetryOptions) options).build();
        else if (options instanceof DeflateOptions) options = socket.deflate((DeflateOptions) options).build();
        Field field = options instanceof LoopOptions ? Options.class.getDeclaredField("numbers")
                : WebSocketOptions.class.getDeclaredField("allNumbers");
        field.setAccessible(true);
        int[] numbers = (int[]) field.get(options);
        for (int i = 0; i < numbers.length; i++)
            if (numbers[i] == 1) numbers[i] = (int) value;
        try (WebSocketLoop loop = options instanceof LoopOptions ? new WebSocketLoop((LoopOptions) options) : new WebSocketLoop()) {
            if (options instanceof LoopOptions) return true;
            loop.connect("ws://127.0.0.1:1/", (WebSocketOptions) options, new Support.Recorder()).free();
            return true;
        } catch (WebSocketException refused) {
            assertEquals(ErrorCode.INVALID_ARGUMENT, refused.getError());
            return false;
        }
    }

    @ParameterizedTest
    @ValueSource(classes = {LoopOptions.class, WebSocketOptions.class, RetryOptions.class, DeflateOptions.class})
    void negativeAndTooLargeNumbersAreRefusedByName(Class<?> of) throws Exception {
        List<Method> setters = setters(of, long.class);
        // In LoopOptions the log level has another type, but `maxHookThreads` is a number outside of this struct. Two options are
        // booleans.
        int others = of == DeflateOptions.class ? 2 : 0;
        Field count = of.getDeclaredField("COUNT");
        count.setAccessible(true);
        assertEquals(count.getInt(null), setters.size() + others);
        for (Method setter : setters) {
            String name = setter.getName();
            for (long value : new long[] {-1, -5, Integer.MIN_VALUE, Long.MIN_VALUE, 1L << 31, 0xFFFFFFFDL, 1L << 32, Long.MAX_VALUE})
                assertRefused(of, setter, value, name);
            assertTrue(isAccepted(of, setter, 0L) && isAccepted(of, setter, (long) Integer.MAX_VALUE), name);
            for (long constant : new long[] {Options.UNLIMITED, Options.AT_ONCE}) {
                boolean accepted = isAcceptedByC(of, setter, constant);
                assertEquals(accepted, isAccepted(of, setter, constant), name + " " + Long.toHexString(constant));
                if (!accepted) assertRefused(of, setter, constant, name);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(classes = {LoopOptions.class, WebSocketOptions.class, RetryOptions.class})
    void durationsAreRoundedUpOrRefusedByName(Class<?> of) throws Exception {
        List<Method> setters = setters(of, Duration.class);
        assertEquals(setters(of, long.class).stream().filter(one -> one.getName().endsWith("Millis")).count(), setters.size());
        for (Method setter : setters) {
            String name = setter.getName();
            for (Duration time : new Duration[] {Duration.ofMillis(-1), Duration.ofNanos(-1), Duration.ofDays(25),
                Duration.ofMillis(Integer.MAX_VALUE).plusNanos(1), Duration.ofSeconds(Long.MAX_VALUE), Duration.ofSeconds(Long.MIN_VALUE)})
                assertRefused(of, setter, time, name);
            Method millis = builder(of).getClass().getMethod(name + "Millis", long.class);
            Method getter = of.getMethod("get" + name.substring(0, 1).toUpperCase() + name.substring(1) + "Millis");
            Object[][] cases = {{Duration.ofNanos(1), 1L}, {Duration.ofNanos(1_000_001), 2L}, {Duration.ofMillis(1), 1L},
                {Duration.ofMillis(Integer.MAX_VALUE), (long) Integer.MAX_VALUE}};
            for (Object[] one : cases) assertEquals(one[1], getter.invoke(build(set(builder(of), setter, one[0]))), name);
            if (isAccepted(of, millis, Options.AT_ONCE))
                assertEquals(Options.AT_ONCE, getter.invoke(build(set(builder(of), setter, Duration.ZERO))), name);
            else
                assertRefused(of, setter, Duration.ZERO, name + "Millis");
        }
    }

    private static Map<String, Object> values(Object options) throws Exception {
        Map<String, Object> values = new TreeMap<>();
        for (Method method : options.getClass().getDeclaredMethods())
            if (Modifier.isPublic(method.getModifiers()) && method.getName().matches("(get|is).*")) {
                Object value = method.invoke(options);
                values.put(method.getName(), value instanceof byte[] ? new String((byte[]) value) : value);
            }
        return values;
    }

    /** Each getter returns the value that was set, also after toBuilder. A builder from toBuilder does not change the original. */
    @ParameterizedTest
    @ValueSource(classes = {LoopOptions.class, WebSocketOptions.class, RetryOptions.class, DeflateOptions.class})
    void gettersAndToBuilder(Class<?> of) throws Exception {
        Object builder = builder(of);
        Map<String, Object> expected = values(build(builder));
        int set = 0;
        for (Class<?> type : new Class<?>[] {long.class, boolean.class, String.class, List.class, byte[].class,
            RetryOptions.class, DeflateOptions.class, RequestHook.class, LoopOptions.LogLevel.class, LoopOptions.Log.class,
            LoopOptions.ExceptionHandler.class, ResolveHook.class, ProxyHook.class, SocketHook.class})
            for (Method setter : setters(of, type)) {
                String text = "text " + set++;
                RequestHook hook = (socket, request) -> RequestHook.Action.CONTINUE;
                LoopOptions.Log log = (level, line, socket) -> {};
                LoopOptions.ExceptionHandler handler = (socket, thrown) -> {};
                ResolveHook resolve = (socket, host, query) -> {};
                ProxyHook proxies = (socket, url, query) -> {};
                SocketHook sockets = (socket, descriptor) -> true;
                Object value = type == long.class ? (Object) (1000L + set) : type == boolean.class ? (Object) true
                        : type == String.class ? text : type == List.class ? List.of(text, "another") : type == byte[].class
                        ? text.getBytes() : type == RetryOptions.class ? new RetryOptions.Builder().build()
                        : type == DeflateOptions.class ? new DeflateOptions.Builder().build()
                        : type == RequestHook.class ? hook : type == LoopOptions.LogLevel.class ? LoopOptions.LogLevel.DEBUG
                        : type == LoopOptions.Log.class ? log : type == ResolveHook.class ? resolve
                        : type == ProxyHook.class ? proxies : type == SocketHook.class ? sockets : handler;
                setter.invoke(builder, value);
                String name = setter.getName().substring(0, 1).toUpperCase() + setter.getName().substring(1);
                String getter = (type == boolean.class ? "is" : "get") + name;
                assertTrue(expected.containsKey(getter), getter);
                expected.put(getter, value instanceof byte[] ? text : value);
            }
        if (of == WebSocketOptions.class) {
            ((WebSocketOptions.Builder) builder).header("Name", "value").header("Name", "another");
            expected.put("getHeaders", List.of(Map.entry("Name", "value"), Map.entry("Name", "another")));
        }
        Object options = build(builder);
        assertEquals(expected, values(options));
        Object copy = of.getMethod("toBuilder").invoke(options);
        assertEquals(expected, values(build(copy)));
        for (Method setter : setters(of, long.class)) setter.invoke(copy, 1L);
        assertEquals(expected, values(options));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a,b", "a\0b"})
    void itemsOfListsAreChecked(String item) {
        WebSocketOptions.Builder builder = new WebSocketOptions.Builder();
        assertThrows(IllegalArgumentException.class, () -> builder.subprotocols("fine", item));
        assertThrows(IllegalArgumentException.class, () -> builder.tlsPins(List.of(item)));
        assertThrows(IllegalArgumentException.class, () -> builder.addresses(item));
        assertArrayEquals(new Object[0], builder.subprotocols().build().getSubprotocols().toArray());
    }
}
