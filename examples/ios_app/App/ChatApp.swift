import ChatCore
import EgretWebSocket
import SwiftUI

@main
struct ChatApp: App {
    @Environment(\.scenePhase) private var phase
    @StateObject private var model = ChatModel()

    var body: some Scene {
        WindowGroup {
            ChatView(model: model)
        }
        .onChange(of: phase) { phase in
            switch phase {
            case .background: model.enterBackground()
            case .active: model.enterForeground()
            default: break  // inactive: still visible, for example behind a dialog
            }
        }
    }
}

/// The chat for views.
@MainActor
final class ChatModel: ObservableObject {
    @Published private(set) var lines: [String] = []
    private var chat: Chat?
    private var network: EgretWS.NetworkMonitor?
    private var isInBackground = false

    init() {
        do {
            // A simulator reaches the echo server of this Mac at this address. Info.plist allows ws:// for it; use wss://
            // elsewhere.
            let chat = try Chat(url: "ws://localhost:9000/room/lobby")
            chat.onChange = { [weak self, weak chat] in self?.lines = chat?.lines ?? [] }
            network = EgretWS.NetworkMonitor(chat.control)
            self.chat = chat
        } catch {
            lines = [error.localizedDescription]
        }
    }

    func say(_ line: String) {
        Task { await chat?.say(line) }
    }

    func enterBackground() {
        isInBackground = true
        chat?.enterBackground()
    }

    /// `active` is also reported at the start of the app and after a dialog. Then the connection was not suspended.
    func enterForeground() {
        guard isInBackground else { return }
        isInBackground = false
        chat?.enterForeground()
    }
}
