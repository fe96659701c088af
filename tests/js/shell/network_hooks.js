// The hooks of the scenario `network`.
({
    resolve: function (host) {
        switch (host) {
        case 'throws.test': throw new Error('resolve on purpose');
        case 'nowhere.test': return [];
        case 'wrong.test': return 5;
        case 'later.test': return Promise.resolve().then(function () { return ['127.0.0.1']; });
        case 'rejects.test': return Promise.reject(new Error('rejection on purpose'));
        default: return '127.0.0.1';
        }
    }
})
