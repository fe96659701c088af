import SwiftUI

struct ChatView: View {
    @ObservedObject var model: ChatModel
    @State private var line = ""

    var body: some View {
        VStack {
            List(model.lines.indices, id: \.self) { index in
                Text(model.lines[index])
            }
            TextField("Say something", text: $line, onCommit: {
                guard !line.isEmpty else { return }
                model.say(line)
                line = ""
            })
            .textFieldStyle(RoundedBorderTextFieldStyle())
            .padding()
        }
    }
}
